package main

import (
	"net/netip"
	"slices"
	"testing"
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func TestPickNetwork(t *testing.T) {
	free, err := pickNetwork("/home/main", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		id    string
		taken []netip.Prefix
		check func(network) bool
		err   string
	}{
		{"the same instance gets the same addresses", "/home/main", nil,
			func(n network) bool { return n == free }, ""},
		{"another instance gets others", "/home/other", nil,
			func(n network) bool { return n.Device != free.Device && !n.Host.Overlaps(free.Host) }, ""},
		{"a taken link is passed over", "/home/main", []netip.Prefix{free.Host.Masked()},
			func(n network) bool { return !n.Host.Overlaps(free.Host) && linkSpace.Contains(n.Guest.Addr()) }, ""},
		{"half of the links are taken", "/home/main", prefixes("10.213.0.0/17"),
			func(n network) bool { return netip.MustParsePrefix("10.213.128.0/17").Contains(n.Guest.Addr()) }, ""},
		{"Dagger's own range is in use", "/home/main", prefixes("10.87.4.0/24"),
			func(n network) bool { return n.Containers == containerSpace[1] }, ""},
		{"no link left", "/home/main", prefixes("10.213.0.0/16"), nil, "10.213.0.0/16"},
		{"no range left for containers", "/home/main", prefixes("0.0.0.0/0"), nil, "containers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := pickNetwork(c.id, c.taken)
			if !mentions(err, c.err) {
				t.Fatalf("error %v; want %q", err, c.err)
			}
			if c.check != nil && !c.check(n) {
				t.Errorf("picked %+v", n)
			}
			if c.check != nil && (n.Host.Masked() != n.Guest.Masked() || n.Host == n.Guest || len(n.Device) > 15) {
				t.Errorf("%+v is no pair of addresses in one /30, or its name is too long for Linux", n)
			}
		})
	}
}

func TestParseRoutes(t *testing.T) {
	const routes = `[{"dst":"default","gateway":"192.0.2.1","dev":"eth0"},
		{"dst":"192.0.2.0/24","dev":"eth0"},
		{"type":"local","dst":"127.0.0.1","dev":"lo","table":"local"}]`
	got, err := parseRoutes([]byte(routes))
	if want := prefixes("192.0.2.0/24", "127.0.0.1/32"); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "{}", `[{"dst":"nonsense"}]`} {
		if got, err := parseRoutes([]byte(bad)); err == nil {
			t.Errorf("%q: %v and no error", bad, got)
		}
	}
}

func TestReachable(t *testing.T) {
	for _, c := range []struct {
		name, conf, want string
		ok               bool
	}{
		{"plain", "search example.org\nnameserver 192.0.2.53\noptions ndots:2\n",
			"search example.org\nnameserver 192.0.2.53\noptions ndots:2\n", true},
		{"systemd-resolved", "# stub\nnameserver 127.0.0.53\n", "", false},
		{"one of two is local", "nameserver 127.0.0.1\nnameserver\t192.0.2.53\n", "nameserver 192.0.2.53\n", true},
		{"no route for version 6", "nameserver 2001:db8::53\n", "", false},
		{"no address", "nameserver\nnameserver here\n", "", false},
		{"empty", "", "", false},
	} {
		if got, ok := reachable([]byte(c.conf)); got != c.want || ok != c.ok {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func FuzzReachable(f *testing.F) {
	f.Add([]byte("nameserver 127.0.0.53\nnameserver 192.0.2.53 # office\n"))
	f.Fuzz(func(t *testing.T, conf []byte) {
		once, ok := reachable(conf)
		twice, still := reachable([]byte(once))
		if once != twice || (ok != still) {
			t.Errorf("not stable: %q, %v, then %q, %v", once, ok, twice, still)
		}
	})
}
