package predictions

// batchRows is how many rows are handed over at once, and also after how many the moments are added up.
const batchRows = 4096

// batch is a run of rows of one file, as far as two files have them in common. Its memory is used again.
type batch struct {
	keys []byte // of all rows: id, slices and fold, one after another
	rows []row
	last bool
	err  error // why it is the last, unless the file is sound and at its end
}

// row is one row of a batch. Its numbers say where in keys the id begins, the slices begin, the fold begins and it ends.
type row struct {
	id, slices, fold, end int32
	label, prediction     uint16
	line                  int
}

func newBatch() *batch {
	return &batch{keys: make([]byte, 0, 32*batchRows), rows: make([]row, 0, batchRows)}
}

func (b *batch) reset() *batch {
	*b = batch{keys: b.keys[:0], rows: b.rows[:0]}
	return b
}

// add appends a row with its id and what follows its probabilities, of which the last bytes are the fold.
func (b *batch) add(r row, id, tail []byte, fold int) {
	r.id = int32(len(b.keys))
	b.keys = append(b.keys, id...)
	r.slices = int32(len(b.keys))
	b.keys = append(b.keys, tail...)
	r.end = int32(len(b.keys))
	r.fold = r.end - int32(fold)
	b.rows = append(b.rows, r)
}

func (b *batch) id(i int) []byte     { return b.keys[b.rows[i].id:b.rows[i].slices] }
func (b *batch) slices(i int) []byte { return b.keys[b.rows[i].slices:b.rows[i].fold] }
func (b *batch) tail(i int) []byte   { return b.keys[b.rows[i].slices:b.rows[i].end] }

func (r row) right() bool { return r.label == r.prediction }
