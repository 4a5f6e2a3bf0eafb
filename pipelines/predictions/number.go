package predictions

import "strconv"

// exactDigits is how many decimal digits always fit into the 53 bits of a float64's mantissa, and exactPowers are the
// powers of ten that a float64 holds exactly.
const exactDigits = 15

var exactPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// number reads a decimal number as strconv.ParseFloat does, to the bit. Of few digits and without an exponent it is the
// quotient of two integers that a float64 holds exactly, which IEEE 754 rounds correctly (Clinger, How to Read Floating
// Point Numbers Accurately, PLDI 1990); everything else is left to strconv.
func number(text []byte) (float64, error) {
	mantissa, point := uint64(0), -1
	for i, c := range text {
		switch {
		case '0' <= c && c <= '9':
			mantissa = 10*mantissa + uint64(c-'0')
		case c == '.' && point < 0:
			point = i
		default:
			return strconv.ParseFloat(string(text), 64)
		}
		if i > exactDigits {
			return strconv.ParseFloat(string(text), 64)
		}
	}
	switch {
	case point < 0 && len(text) > 0 && len(text) <= exactDigits:
		return float64(mantissa), nil
	case point >= 0 && len(text) > 1:
		return float64(mantissa) / exactPowers[len(text)-1-point], nil
	}
	return strconv.ParseFloat(string(text), 64)
}
