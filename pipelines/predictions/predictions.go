// Package predictions reads what models predicted, and counts what a judge needs of it.
package predictions
