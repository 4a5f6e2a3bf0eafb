package main

import "testing"

func TestWithConstant(t *testing.T) {
	for name, c := range map[string]struct {
		source, want string
		fails        bool
	}{
		"one class":    {"class A {\n}\n", "class A {\n\tstatic final long CHANGE_7 = 7L;\n}\n", false},
		"two classes":  {"class A {}\nclass B {\n}\n", "class A {}\nclass B {\n\tstatic final long CHANGE_7 = 7L;\n}\n", false},
		"no class":     {"package a;\n", "", true},
		"an empty one": {"", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := withConstant([]byte(c.source), 7)
			if string(got) != c.want || (err != nil) != c.fails {
				t.Errorf("got %q and error %v, want %q", got, err, c.want)
			}
		})
	}
}
