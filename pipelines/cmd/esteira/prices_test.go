package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const aBook = `{"BillingCurrency": "USD", "Region": "westeurope", "Items": [{"currencyCode": "USD", "tierMinimumUnits": 0, "retailPrice": 1,
	"unitPrice": 1, "armRegionName": "westeurope", "meterName": "Hours", "productName": "Thing", "skuName": "Standard",
	"serviceName": "Things", "unitOfMeasure": "1 Hour", "type": "Consumption", "date": "2026-01-01", "source": "memory", "estimated": true}]}`

// A book is replaced by a whole new one, or stays as it was, and nothing is left beside it.
func TestPricesRefresh(t *testing.T) {
	answer := func(price, currency string) string {
		return fmt.Sprintf(`{"BillingCurrency": %[2]q, "Items": [{"currencyCode": %[2]q, "tierMinimumUnits": 0, "retailPrice": %[1]s, "unitPrice": %[1]s,
			"armRegionName": "westeurope", "meterName": "Hours", "productName": "Thing", "skuName": "Standard", "serviceName": "Things",
			"unitOfMeasure": "1 Hour", "type": "Consumption", "isPrimaryMeterRegion": true}], "NextPageLink": null, "Count": 1}`, price, currency)
	}
	for _, test := range []struct {
		name, answer, says string
		code               int
	}{
		{"a new price", answer("2", "USD"), "westeurope: Thing, Hours by 1 Hour from 0 on: 1 → 2", 0},
		{"the same price", answer("1", "USD"), "has 1 prices of 2026-11-27, 0 of them changed", 0},
		{"a negative price", answer("-2", "USD"), "is left as it was: what was fetched is no book", 1},
		{"another currency", answer("2", "EUR"), "is left as it was: Things, Hours: it answers in", 1},
		{"no answer", `{"Items": []}`, "has no such meter", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, test.answer) }))
			defer server.Close()
			dir := folder(t, map[string]string{"book.json": aBook})
			file := filepath.Join(dir, "book.json")
			var stdout, stderr bytes.Buffer
			code := run([]string{"prices", "refresh", "--api", server.URL, "--today", "2026-11-27", file}, &stdout, &stderr)
			if said := stdout.String() + stderr.String(); code != test.code || !strings.Contains(said, test.says) {
				t.Errorf("exit code %d, %s, want %d, %s", code, said, test.code, test.says)
			}
			text, err := os.ReadFile(file)
			if left := string(text) == aBook; err != nil || left != (test.code != 0) {
				t.Errorf("it is left as it was: %v, %v", left, err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("beside the book are %v", entries)
			}
		})
	}
}

func TestPricesRefreshRefuses(t *testing.T) {
	file := filepath.Join(folder(t, map[string]string{"book.json": aBook, "broken.json": "{"}), "book.json")
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--today", "tomorrow", file}, 2, `--today is "tomorrow"`},
		{[]string{"--api", "prices", file}, 2, "no address of an API"},
		{[]string{file + ".not"}, 1, "no such file"},
		{[]string{filepath.Join(filepath.Dir(file), "broken.json")}, 1, "broken.json:1: unexpected EOF"},
		{nil, 2, "which file?"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"prices", "refresh"}, test.args...), &stdout, &stderr); code != test.code || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%v: exit code %d, %s", test.args, code, &stderr)
		}
	}
}
