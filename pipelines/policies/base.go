package policies

import "slices"

// ByBase is what is to be judged by the policies of the base too, because the change has others: who is judged does not hold
// the scales. It is nil where the base has no policy, or the same.
func ByBase(roots, base []Root) []Root {
	before := only(base, Object.policy)
	if len(before) == 0 || slices.Equal(texts(before), texts(only(roots, Object.policy))) {
		return nil
	}
	return append(only(roots, func(o Object) bool { return !o.policy() }), before...)
}

// only are the roots with those of their objects that are wanted.
func only(roots []Root, wanted func(Object) bool) []Root {
	var some []Root
	for _, root := range roots {
		var objects []Object
		for _, object := range root.Objects {
			if wanted(object) {
				objects = append(objects, object)
			}
		}
		if len(objects) > 0 {
			some = append(some, Root{Name: root.Name, Objects: objects})
		}
	}
	return some
}

// texts are the objects of roots, each once, in order.
func texts(roots []Root) []string {
	var all []string
	for _, root := range roots {
		for _, object := range root.Objects {
			all = append(all, object.JSON)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
