// Package retail asks the Azure Retail Prices API for the prices of a book's meters
// (https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices).
package retail

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/esteira/esteira/pipelines/cost/prices"
)

// Address is where the public API answers.
const Address = "https://prices.azure.com/api/retail/prices"

// version is that of the API: its filters tell capitals and small letters apart.
const version = "2023-01-01-preview"

// mostPages limits one question. A page has up to 1000 rows, and a meter of one region has a handful.
const mostPages = 20

// Client asks the API.
type Client struct {
	address  *url.URL
	pipeline runtime.Pipeline
}

// Patience is how long the API is waited for.
type Patience struct {
	// Request ends one request, and Retries is how often it is tried again, Delay after the first time, twice that after the
	// second. What the API itself asks to wait for (Retry-After) goes before.
	Request, Delay time.Duration
	Retries        int32
}

// Patient is what suffices for an API that now and then is asked too much.
var Patient = Patience{Request: 30 * time.Second, Delay: 2 * time.Second, Retries: 5}

// New is a client of the API at an address.
func New(address string, patience Patience) (*Client, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return nil, fmt.Errorf("%q is no address of an API: want one such as %s", address, Address)
	}
	options := policy.ClientOptions{
		Retry: policy.RetryOptions{
			MaxRetries: patience.Retries, TryTimeout: patience.Request, RetryDelay: patience.Delay, MaxRetryDelay: time.Minute,
			StatusCodes: []int{http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
				http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout},
		},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	return &Client{parsed, runtime.NewPipeline("esteira", "1", runtime.PipelineOptions{}, &options)}, nil
}

// page is what the API answers.
type page struct {
	BillingCurrency string
	Items           []item
	NextPageLink    string
}

// item is a row of the API: more fields may come, and which is the primary region is not for the book.
type item struct {
	prices.Item
	IsPrimaryMeterRegion bool `json:"isPrimaryMeterRegion"`
}

// Refresh is the book with the prices that the API has today for the same meters. Meters that the API does not have are
// all named, in an error: half of a new book would look like a whole one.
func (c *Client) Refresh(ctx context.Context, book *prices.Book, today time.Time) (*prices.Book, error) {
	fresh := &prices.Book{File: book.File, Currency: book.Currency, Region: book.Region}
	var faults []error
	for _, meter := range book.Meters() {
		rows, err := c.rows(ctx, book.Currency, meter)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", meter.ServiceName, meter.MeterName, err)
		}
		if len(rows) == 0 {
			faults = append(faults, fmt.Errorf("%s, %s: the API has no such meter in %s any more: look for its new name, and mend the book",
				meter.ServiceName, meter.MeterName, meter.ArmRegionName))
		}
		for _, row := range rows {
			row.Date, row.Source, row.Estimated, row.Line = today.Format(time.DateOnly), c.address.String(), false, 0
			fresh.Items = append(fresh.Items, row)
		}
	}
	return fresh, errors.Join(faults...)
}

// rows are the rows of the API that have the meter of this one: one, or one for each tier.
func (c *Client) rows(ctx context.Context, currency string, meter prices.Item) (rows []prices.Item, err error) {
	next, seen := c.question(currency, meter), map[string]bool{}
	for next != "" {
		if seen[next] {
			return nil, fmt.Errorf("page %d leads back to a page that was there: the API goes in circles", len(seen))
		}
		if len(seen) == mostPages {
			return nil, fmt.Errorf("there are more than %d pages: the rest would be missing", mostPages)
		}
		seen[next] = true
		answer, err := c.get(ctx, next)
		if err != nil {
			return nil, err
		}
		for _, row := range answer.Items {
			if row.CurrencyCode != currency || answer.BillingCurrency != currency {
				return nil, fmt.Errorf("it answers in %q and %q, and was asked for %q", answer.BillingCurrency, row.CurrencyCode, currency)
			}
			if row.IsPrimaryMeterRegion && row.same(meter) {
				rows = append(rows, row.Item)
			}
		}
		if next, err = c.following(answer.NextPageLink); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// same says that a row is of the meter that was asked for: a filter says nothing of spot prices and Windows.
func (i item) same(meter prices.Item) bool {
	return i.MeterName == meter.MeterName && i.ProductName == meter.ProductName && i.SKUName == meter.SKUName &&
		i.ArmRegionName == meter.ArmRegionName && i.Type == prices.Consumption
}

// question is the address of the first page.
func (c *Client) question(currency string, meter prices.Item) string {
	var terms []string
	for _, term := range []struct{ field, value string }{
		{"armRegionName", meter.ArmRegionName}, {"serviceName", meter.ServiceName}, {"productName", meter.ProductName},
		{"skuName", meter.SKUName}, {"meterName", meter.MeterName}, {"priceType", prices.Consumption},
	} {
		// A quotation mark in a text is written twice in OData.
		terms = append(terms, fmt.Sprintf("%s eq '%s'", term.field, strings.ReplaceAll(term.value, "'", "''")))
	}
	address := *c.address
	address.RawQuery = url.Values{
		"api-version": {version}, "currencyCode": {"'" + currency + "'"}, "$filter": {strings.Join(terms, " and ")},
	}.Encode()
	return address.String()
}

// following is the address of the next page, which has to be where the first one was.
func (c *Client) following(link string) (string, error) {
	if link == "" {
		return "", nil
	}
	next, err := url.Parse(link)
	if err != nil || next.Hostname() != c.address.Hostname() || next.Scheme != c.address.Scheme {
		return "", fmt.Errorf("its next page is %q, which is not at %s", link, c.address.Host)
	}
	return link, nil
}

// get asks for one page. Whatever fields it has beside those that are known is left out.
func (c *Client) get(ctx context.Context, address string) (answer page, err error) {
	request, err := runtime.NewRequest(ctx, http.MethodGet, address)
	if err != nil {
		return page{}, err
	}
	response, err := c.pipeline.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the address, which is all of the filter
		}
		return page{}, fmt.Errorf("%s: %w", c.address.Host, err)
	}
	if response.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("%s answers %s", c.address.Host, response.Status)
	}
	if err := runtime.UnmarshalAsJSON(response, &answer); err != nil {
		return page{}, fmt.Errorf("%s answers no page of prices: %w", c.address.Host, err)
	}
	return answer, nil
}
