// Package predictions reads what models predicted, and counts what a judge needs of it.
//
// An evaluation is a folder: evaluation.json declares what was judged on what, and a CSV file (RFC 4180) has a row for
// each row of the data, in the ascending order of the ids' bytes:
//
//	id,label,prediction[,probability_<class>…][,slice_<name>…][,fold]
//
// Count reads one evaluation, or two over the same rows side by side. It takes nothing on trust: whatever is not as
// declared, cannot be counted, or is not the same in both, is an error that names file, line, column and value.
package predictions
