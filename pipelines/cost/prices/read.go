package prices

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Error is something in a book that cannot be meant.
type Error struct {
	File   string
	Line   int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }

// Errors are all that Read complains of.
func Errors(err error) (all []*Error) {
	if joined, isJoined := err.(interface{ Unwrap() []error }); isJoined {
		for _, one := range joined.Unwrap() {
			all = append(all, Errors(one)...)
		}
		return all
	}
	var one *Error
	if errors.As(err, &one) {
		all = append(all, one)
	}
	return all
}

// file is the form of a book.
type file struct {
	BillingCurrency string
	Region          string
	Items           []json.RawMessage
}

// Read reads a book strictly; name is what errors call it. Each thing that is wrong with it is an *Error among those that
// errors.Join joined.
func Read(name string, text []byte) (*Book, error) {
	var raw file
	reader := &lines{name: name, text: text}
	if err := strictly(text, &raw); err != nil {
		return nil, reader.wrong(reader.offset(err), err.Error())
	}
	book := &Book{File: name, Currency: raw.BillingCurrency, Region: raw.Region}
	var faults []error
	if book.Currency == "" || book.Region == "" {
		faults = append(faults, reader.wrong(0, "a book says its BillingCurrency and its Region"))
	}
	if len(raw.Items) == 0 {
		faults = append(faults, reader.wrong(0, "it has no Items: a book without prices prices nothing"))
	}
	at := 0
	for _, row := range raw.Items {
		at += bytes.Index(text[at:], row)
		var item Item
		if err := strictly(row, &item); err != nil {
			faults = append(faults, reader.wrong(at+offset(err), err.Error()))
		} else {
			item.Line = reader.line(at)
			book.Items = append(book.Items, item)
		}
		at += len(row)
	}
	for _, item := range book.Items {
		faults = append(faults, book.check(item)...)
	}
	book.index()
	faults = append(faults, book.checkTiers()...)
	slices.SortStableFunc(faults, func(a, b error) int { return lineOf(a) - lineOf(b) })
	return book, errors.Join(faults...)
}

func lineOf(err error) int {
	var wrong *Error
	if errors.As(err, &wrong) {
		return wrong.Line
	}
	return 0
}

// strictly decodes one JSON value, and refuses keys that are unknown and what follows.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end")
	}
	return nil
}

// offset is where in a text its decoder stopped, as far as the error says.
func offset(err error) int {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return int(syntax.Offset)
	case errors.As(err, &mistyped):
		return int(mistyped.Offset)
	}
	return 0
}

// lines finds the lines of a text.
type lines struct {
	name string
	text []byte
}

func (l *lines) line(offset int) int {
	return 1 + bytes.Count(l.text[:min(max(offset, 0), len(l.text))], []byte("\n"))
}

// offset is where in the text its decoder stopped: at its end, where it was cut off.
func (l *lines) offset(err error) int {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return len(l.text)
	}
	return offset(err)
}

func (l *lines) wrong(offset int, reason string) *Error {
	return &Error{l.name, l.line(offset), reason}
}

// check is what of a row by itself cannot be meant.
func (b *Book) check(item Item) (faults []error) {
	wrong := func(format string, values ...any) {
		faults = append(faults, &Error{b.File, item.Line, fmt.Sprintf("%s: ", item.MeterName) + fmt.Sprintf(format, values...)})
	}
	for _, field := range []struct{ name, value string }{
		{"meterName", item.MeterName}, {"productName", item.ProductName}, {"skuName", item.SKUName},
		{"serviceName", item.ServiceName}, {"unitOfMeasure", item.UnitOfMeasure}, {"source", item.Source},
	} {
		if field.value == "" {
			wrong("%s is missing", field.name)
		}
	}
	if item.linuxMachine() && item.ArmSKUName == "" {
		wrong("armSkuName is missing: a virtual machine is found by its size")
	}
	if item.CurrencyCode != b.Currency {
		wrong("currencyCode is %q: the book's BillingCurrency is %q", item.CurrencyCode, b.Currency)
	}
	if item.ArmRegionName != b.Region && item.ArmRegionName != Global {
		wrong("armRegionName is %q: the book's Region is %q", item.ArmRegionName, b.Region)
	}
	if item.Type != Consumption {
		wrong("type is %q: only prices of type %s are used", item.Type, Consumption)
	}
	for _, amount := range []struct {
		name  string
		value float64
	}{{"retailPrice", item.RetailPrice}, {"unitPrice", item.UnitPrice}, {"tierMinimumUnits", item.TierMinimumUnits}} {
		if amount.value < 0 || math.IsInf(amount.value, 0) {
			wrong("%s is %v: want 0 or more", amount.name, amount.value)
		}
	}
	if _, err := time.Parse(time.DateOnly, item.Date); err != nil {
		wrong("date is %q: write the day on which the price was taken, such as 2026-11-30", item.Date)
	}
	return faults
}

// checkTiers is what of the rows of a meter cannot be meant.
func (b *Book) checkTiers() (faults []error) {
	for _, tiers := range b.tiers {
		for i, tier := range tiers {
			switch {
			case i == 0 && tier.TierMinimumUnits != 0:
				faults = append(faults, &Error{b.File, tier.Line, fmt.Sprintf("%s: nothing prices the first %v units: the first tier begins at 0", tier.MeterName, tier.TierMinimumUnits)})
			case i > 0 && tier.TierMinimumUnits == tiers[i-1].TierMinimumUnits:
				first, second := min(tier.Line, tiers[i-1].Line), max(tier.Line, tiers[i-1].Line)
				faults = append(faults, &Error{b.File, second, fmt.Sprintf("%s is there twice: line %d has its price from %v units on already", tier.MeterName, first, tier.TierMinimumUnits)})
			}
		}
		if !slices.ContainsFunc(tiers, func(tier Item) bool { return tier.RetailPrice != 0 }) {
			faults = append(faults, &Error{b.File, tiers[0].Line, fmt.Sprintf("%s costs nothing at all: leave out what has no price, and it is listed as unpriced", tiers[0].MeterName)})
		}
	}
	return faults
}
