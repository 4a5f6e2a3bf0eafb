package prices

import (
	"bytes"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	ours  = "../../../infra/prices/westeurope.json"
	small = `{
  "BillingCurrency": "USD",
  "Region": "westeurope",
  "Items": [
    {
      "currencyCode": "USD", "tierMinimumUnits": 0, "retailPrice": 0, "unitPrice": 0, "armRegionName": "westeurope",
      "meterName": "Data", "productName": "Logs", "skuName": "Logs", "serviceName": "Logs", "unitOfMeasure": "1 GB",
      "type": "Consumption", "date": "2026-11-20", "source": "a test"
    },
    {
      "currencyCode": "USD", "tierMinimumUnits": 5, "retailPrice": 3, "unitPrice": 3, "armRegionName": "westeurope",
      "meterName": "Data", "productName": "Logs", "skuName": "Logs", "serviceName": "Logs", "unitOfMeasure": "1 GB",
      "type": "Consumption", "date": "2026-11-20", "source": "a test"
    },
    {
      "currencyCode": "USD", "tierMinimumUnits": 0, "retailPrice": 0.5, "unitPrice": 0.5, "armRegionName": "Global",
      "meterName": "Hours", "productName": "Balancer", "skuName": "Standard", "serviceName": "Balancer", "unitOfMeasure": "1 Hour",
      "type": "Consumption", "date": "2026-11-26", "source": "a guess", "estimated": true
    }
  ]
}
`
)

func TestOurs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	book, err := Read(ours, text)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := book.Write(&again); err != nil || again.String() != string(text) {
		t.Errorf("it is not as it would be written (%v)", err)
	}
	for _, item := range book.Items {
		if item.Estimated != strings.Contains(item.Source, "not fetched") && item.TierMinimumUnits != 0 {
			t.Errorf("line %d: estimated is %v, and the source is %q", item.Line, item.Estimated, item.Source)
		}
	}
}

// Each is the small book with one edit, and is refused with its line.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, new, says string }{
		{"another currency", `"Items": [
    {
      "currencyCode": "USD"`, `"Items": [
    {
      "currencyCode": "EUR"`, `b.json:5: Data: currencyCode is "EUR": the book's BillingCurrency is "USD"`},
		{"a negative price", `"retailPrice": 3`, `"retailPrice": -3`, `b.json:10: Data: retailPrice is -3: want 0 or more`},
		{"a meter that is there twice", `"tierMinimumUnits": 5`, `"tierMinimumUnits": 0`, `b.json:10: Data is there twice: line 5 has its price from 0 units on already`},
		{"another region", `"tierMinimumUnits": 5, "retailPrice": 3, "unitPrice": 3, "armRegionName": "westeurope"`,
			`"tierMinimumUnits": 5, "retailPrice": 3, "unitPrice": 3, "armRegionName": "eastus"`, `b.json:10: Data: armRegionName is "eastus"`},
		{"a reservation", `"unitOfMeasure": "1 Hour",
      "type": "Consumption"`, `"unitOfMeasure": "1 Hour",
      "type": "Reservation"`, `b.json:15: Hours: type is "Reservation"`},
		{"no day", `"date": "2026-11-26"`, `"date": "yesterday"`, `b.json:15: Hours: date is "yesterday"`},
		{"no source", `"source": "a guess"`, `"source": ""`, `b.json:15: Hours: source is missing`},
		{"no first tier", `"tierMinimumUnits": 0, "retailPrice": 0.5`, `"tierMinimumUnits": 1, "retailPrice": 0.5`, `b.json:15: Hours: nothing prices the first 1 units`},
		{"a price of nothing", `"retailPrice": 0.5`, `"retailPrice": 0`, `b.json:15: Hours costs nothing at all`},
		{"an unknown key", `"estimated": true`, `"guessed": true`, `b.json:15: json: unknown field "guessed"`},
		{"an unknown key of the book", `"Region": "westeurope"`, `"Regions": "westeurope"`, `json: unknown field "Regions"`},
		{"no region", `"Region": "westeurope",`, ``, `a book says its BillingCurrency and its Region`},
		{"a text for a price", `"retailPrice": 0.5`, `"retailPrice": "0.5"`, `b.json:16: json: cannot unmarshal string`},
		{"cut off", `  ]
}
`, ``, `b.json:20: unexpected EOF`},
		{"no JSON", `"Items": [`, `"Items": [,`, `b.json:4: invalid character ','`},
		{"two of them", "\n}\n", "\n}\n{}", `something follows the end`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(small, test.old) {
				t.Fatalf("%q is not in the book", test.old)
			}
			_, err := Read("b.json", []byte(strings.Replace(small, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %s", err, test.says)
			}
			if len(Errors(err)) == 0 {
				t.Errorf("%v has no place", err)
			}
		})
	}
}

func TestAllFaultsAreSaid(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(`"retailPrice": 3`, `"retailPrice": -3`, `"source": "a guess"`, `"source": ""`).Replace(small)
	_, err := Read("b.json", []byte(text))
	var lines []int
	for _, fault := range Errors(err) {
		lines = append(lines, fault.Line)
	}
	if !slices.Equal(lines, []int{10, 15}) {
		t.Errorf("faults of lines %v, want 10 and 15: %v", lines, err)
	}
}

func TestPrice(t *testing.T) {
	t.Parallel()
	book, err := Read("b.json", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	price, found, err := book.Find(Meter{Service: "Logs", Product: "Logs", SKU: "Logs", Name: "Data", Unit: "1 GB"})
	if err != nil || !found {
		t.Fatal(found, err)
	}
	for units, want := range map[float64]float64{0: 0, 4: 0, 5: 0, 6: 3, 105: 300} {
		if got := price.Of(units); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v units cost %v, want %v", units, got, want)
		}
	}
	if got := price.String(); got != "0, 3 from 5 on" {
		t.Errorf("the price is %q", got)
	}
	hours := Meter{Service: "Balancer", Product: "Balancer", SKU: "Standard", Name: "Hours", Unit: "1 Hour", Global: true}
	if price, found, err = book.Find(hours); err != nil || !found || price.Of(2) != 1 {
		t.Errorf("%v %v %v", price, found, err)
	}
	hours.Unit = "1/Day"
	if _, _, err = book.Find(hours); err == nil || !strings.Contains(err.Error(), `b.json:15: Balancer, Hours is sold by "1 Hour": its amount is counted by "1/Day"`) {
		t.Errorf("another unit: %v", err)
	}
	hours.Global = false
	if _, found, err = book.Find(hours); found || err != nil {
		t.Errorf("a meter that is not there: %v %v", found, err)
	}
}

func TestOfABook(t *testing.T) {
	t.Parallel()
	book, err := Read("b.json", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	oldest, newest := book.Days()
	if oldest.Day() != 20 || newest.Day() != 26 || book.Estimated() != 1 || len(book.Meters()) != 2 {
		t.Errorf("%v to %v, %d estimated, %d meters", oldest, newest, book.Estimated(), len(book.Meters()))
	}
	other, err := Read("b.json", []byte(strings.NewReplacer(`"retailPrice": 3`, `"retailPrice": 4`, "Hours", "Days").Replace(small)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"+ westeurope: Balancer, Days by 1 Hour from 0 on: 0.5",
		"westeurope: Logs, Data by 1 GB from 5 on: 3 → 4",
		"− westeurope: Balancer, Hours by 1 Hour from 0 on: 0.5",
	}
	if got := Changes([]*Book{book}, []*Book{other}); !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// A price book comes from a repository that anybody may propose changes to: whatever is in it, reading it ends.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"BillingCurrency": "USD", "Items": [{}, {"tierMinimumUnits": 1e308}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		book, err := Read("b.json", text)
		if err != nil {
			return
		}
		for _, item := range book.Items {
			meter := Meter{Service: item.ServiceName, Product: item.ProductName, SKU: item.SKUName, Name: item.MeterName, Unit: item.UnitOfMeasure, Global: item.ArmRegionName == Global}
			if price, found, err := book.Find(meter); found && err == nil && price.Of(10) < 0 {
				t.Errorf("%s costs less than nothing", meter)
			}
		}
	})
}
