"""A module that no formatter has seen."""

LIST = [ 1,2,   3 ]
