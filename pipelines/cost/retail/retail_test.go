package retail

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/cost/prices"
)

// api speaks what of the Retail Prices API is used: filters of terms that are equal, currencies, pages. Rows are maps, so
// that it can answer what no book has.
type api struct {
	rows     []map[string]any
	pageSize int
	// answer changes or replaces an answer: it says whether it wrote one.
	answer func(w http.ResponseWriter, r *http.Request, number int, link string) bool

	mutex    sync.Mutex
	requests []string
}

var term = regexp.MustCompile(`^(\w+) eq '((?:[^']|'')*)'$`)

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	a.requests = append(a.requests, r.URL.String())
	number := len(a.requests)
	a.mutex.Unlock()
	query := r.URL.Query()
	if query.Get("api-version") != "2023-01-01-preview" || query.Get("currencyCode") != "'USD'" {
		http.Error(w, "which version and currency?", http.StatusBadRequest)
		return
	}
	found, ok := a.filtered(query.Get("$filter"))
	if !ok {
		http.Error(w, "what filter is that?", http.StatusBadRequest)
		return
	}
	skip, _ := strconv.Atoi(query.Get("$skip"))
	end, link := min(skip+a.pageSize, len(found)), ""
	if end < len(found) {
		query.Set("$skip", strconv.Itoa(end))
		link = "http://" + r.Host + r.URL.Path + "?" + query.Encode()
	}
	if a.answer != nil && a.answer(w, r, number, link) {
		return
	}
	write(w, "USD", found[min(skip, end):end], link)
}

func write(w http.ResponseWriter, currency string, rows []map[string]any, link string) {
	answer := map[string]any{
		"BillingCurrency": currency, "CustomerEntityId": "Default", "CustomerEntityType": "Retail",
		"Items": rows, "NextPageLink": nil, "Count": len(rows),
	}
	if link != "" {
		answer["NextPageLink"] = link
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// filtered are the rows that have what the filter asks for; capitals count.
func (a *api) filtered(filter string) (found []map[string]any, ok bool) {
	wanted := map[string]string{}
	for _, text := range strings.Split(filter, " and ") {
		parts := term.FindStringSubmatch(text)
		if parts == nil {
			return nil, false
		}
		wanted[strings.Replace(parts[1], "priceType", "type", 1)] = strings.ReplaceAll(parts[2], "''", "'")
	}
	for _, row := range a.rows {
		matches := true
		for field, value := range wanted {
			matches = matches && row[field] == value
		}
		if matches {
			found = append(found, row)
		}
	}
	return found, true
}

// row is one of the API's, with fields that no book has.
func row(meter string, price, from float64) map[string]any {
	return map[string]any{
		"currencyCode": "USD", "tierMinimumUnits": from, "retailPrice": price, "unitPrice": price, "armRegionName": "westeurope",
		"location": "EU West", "effectiveStartDate": "2026-10-01T00:00:00Z", "meterId": "000a794b-bdb0-58be-a0cd-0c3a0f222923",
		"meterName": meter, "productId": "DZH318Z0BQPS", "skuId": "DZH318Z0BQPS/00TG", "productName": "Thing", "skuName": "Standard",
		"serviceName": "Things", "serviceId": "DZH313Z7MMC8", "serviceFamily": "Compute", "unitOfMeasure": "1 Hour",
		"type": "Consumption", "isPrimaryMeterRegion": true, "armSkuName": "", "savingsPlan": []any{},
	}
}

// with is a row with one field changed.
func with(row map[string]any, field string, value any) map[string]any {
	row[field] = value
	return row
}

func book(t *testing.T, meters ...string) *prices.Book {
	t.Helper()
	var items []string
	for _, meter := range meters {
		items = append(items, fmt.Sprintf(`{"currencyCode": "USD", "tierMinimumUnits": 0, "retailPrice": 1, "unitPrice": 1,
			"armRegionName": "westeurope", "meterName": %q, "productName": "Thing", "skuName": "Standard", "serviceName": "Things",
			"unitOfMeasure": "1 Hour", "type": "Consumption", "date": "2026-01-01", "source": "memory", "estimated": true}`, meter))
	}
	read, err := prices.Read("book.json", []byte(`{"BillingCurrency": "USD", "Region": "westeurope", "Items": [`+strings.Join(items, ",")+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

var (
	today    = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	hasty    = Patience{Request: 200 * time.Millisecond, Delay: time.Millisecond, Retries: 2}
	ordinary = []map[string]any{
		row("Hours", 2, 0), row("Gigabytes", 0, 0), row("Gigabytes", 3, 5), row("Hours Spot", 0.1, 0), row("Someone's", 4, 0),
		with(row("Hours", 9, 0), "type", "Reservation"),
		with(row("Hours", 9, 0), "isPrimaryMeterRegion", false),
		with(row("Hours", 9, 0), "armRegionName", "northeurope"),
		with(row("Hours", 9, 0), "productName", "Thing Windows"),
	}
)

func serve(t *testing.T, a *api) *Client {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	client, err := New(server.URL+"/api/retail/prices", hasty)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A refreshed book has the API's prices of the same meters with all their tiers, whatever page they are on, and says
// when and where they were fetched.
func TestRefresh(t *testing.T) {
	t.Parallel()
	for _, pageSize := range []int{1, 2, 100} {
		server := &api{rows: ordinary, pageSize: pageSize}
		client := serve(t, server)
		fresh, err := client.Refresh(t.Context(), book(t, "Hours", "Gigabytes", "Someone's"), today)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, item := range fresh.Items {
			said = append(said, fmt.Sprintf("%s from %v: %v", item.MeterName, item.TierMinimumUnits, item.RetailPrice))
			if item.Estimated || item.Date != "2026-11-27" || item.Source != client.address.String() || item.EffectiveStartDate != "2026-10-01T00:00:00Z" {
				t.Errorf("%+v", item)
			}
		}
		if got, want := strings.Join(said, "; "), "Hours from 0: 2; Gigabytes from 0: 0; Gigabytes from 5: 3; Someone's from 0: 4"; got != want {
			t.Errorf("by pages of %d: %s, want %s", pageSize, got, want)
		}
		var text strings.Builder
		if err := fresh.Write(&text); err != nil {
			t.Fatal(err)
		}
		if _, err := prices.Read("fresh.json", []byte(text.String())); err != nil {
			t.Errorf("what is written is no book: %v", err)
		}
	}
}

// A server that now and then has no time is asked again.
func TestRefreshIsPatient(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(w http.ResponseWriter){
		"too many requests": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"a fault of its own": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"too slow":           func(http.ResponseWriter) { time.Sleep(2 * hasty.Request) },
		"hangs up": func(w http.ResponseWriter) {
			if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
				connection.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &api{rows: ordinary, pageSize: 100, answer: func(w http.ResponseWriter, _ *http.Request, number int, _ string) bool {
				if number <= 2 {
					fail(w)
				}
				return number <= 2
			}}
			if _, err := serve(t, server).Refresh(t.Context(), book(t, "Hours"), today); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is no answer is an error that names the meter and says what is wrong, after a number of requests that has an end.
func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	always := func(write func(w http.ResponseWriter, r *http.Request, link string)) func(http.ResponseWriter, *http.Request, int, string) bool {
		return func(w http.ResponseWriter, r *http.Request, _ int, link string) bool {
			write(w, r, link)
			return true
		}
	}
	for _, test := range []struct {
		name, says string
		rows       []map[string]any
		answer     func(http.ResponseWriter, *http.Request, int, string) bool
		requests   int
	}{
		{name: "too many requests, for ever", says: "429", requests: 3,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusTooManyRequests) })},
		{name: "broken for ever", says: "500", requests: 3,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusInternalServerError) })},
		{name: "refused", says: "403", requests: 1,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusForbidden) })},
		{name: "an error page", says: "answers no page of prices", requests: 1,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, "<html>maintenance</html>") })},
		{name: "cut off", says: "answers no page of prices", requests: 1,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) {
				fmt.Fprint(w, `{"BillingCurrency": "USD", "Items": [`)
			})},
		{name: "no rows", says: "the API has no such meter in westeurope any more", rows: []map[string]any{row("Days", 1, 0)}, requests: 1},
		{name: "nothing", says: "has no such meter", requests: 1,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, `{}`) })},
		{name: "a page that leads to itself", says: "goes in circles", requests: 1,
			answer: always(func(w http.ResponseWriter, r *http.Request, _ string) {
				write(w, "USD", []map[string]any{row("Hours", 1, 0)}, "http://"+r.Host+r.URL.String())
			})},
		{name: "pages without an end", says: "more than 20 pages", requests: 20,
			answer: always(func(w http.ResponseWriter, r *http.Request, _ string) {
				query := r.URL.Query()
				query.Set("$skip", query.Get("$skip")+"1")
				write(w, "USD", nil, "http://"+r.Host+r.URL.Path+"?"+query.Encode())
			})},
		{name: "a page elsewhere", says: "which is not at", requests: 1,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) {
				write(w, "USD", []map[string]any{row("Hours", 1, 0)}, "http://elsewhere.example/api")
			})},
		{name: "another currency", says: `it answers in "EUR"`, requests: 1,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) {
				write(w, "EUR", []map[string]any{row("Hours", 1, 0)}, "")
			})},
		{name: "a row of another currency", says: `and "EUR", and was asked for "USD"`, requests: 1,
			answer: always(func(w http.ResponseWriter, _ *http.Request, _ string) {
				write(w, "USD", []map[string]any{with(row("Hours", 1, 0), "currencyCode", "EUR")}, "")
			})},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := &api{rows: test.rows, pageSize: 100, answer: test.answer}
			_, err := serve(t, server).Refresh(t.Context(), book(t, "Hours"), today)
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "Things, Hours") {
				t.Errorf("%v, want one that says %q", err, test.says)
			}
			if len(server.requests) != test.requests {
				t.Errorf("%d requests, want %d", len(server.requests), test.requests)
			}
		})
	}
}

// All meters that the API does not have any more are named at once.
func TestMissingMeters(t *testing.T) {
	t.Parallel()
	_, err := serve(t, &api{rows: ordinary, pageSize: 100}).Refresh(t.Context(), book(t, "Days", "Hours", "Weeks"), today)
	if err == nil || !strings.Contains(err.Error(), "Things, Days: ") || !strings.Contains(err.Error(), "Things, Weeks: ") || strings.Contains(err.Error(), "Hours") {
		t.Errorf("%v, want days and weeks", err)
	}
}

func TestAddressIsChecked(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "prices.azure.com", "ftp://prices.azure.com/", "https://", "://"} {
		if _, err := New(address, Patient); err == nil || !strings.Contains(err.Error(), "no address of an API") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
