package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"os"
	"strings"
)

// network is how an instance, which lives in a network namespace of its own,
// reaches the world: a pair of virtual interfaces, and NAT on the host.
type network struct {
	Device     string       `json:"device"`     // the host's end
	Host       netip.Prefix `json:"host"`       // its address
	Guest      netip.Prefix `json:"guest"`      // the address of the end inside
	Containers netip.Prefix `json:"containers"` // what containers get
}

// registry is the address of the instance's registry, the same from the host,
// the engine and its containers.
func (n network) registry() string { return n.Guest.Addr().String() + ":" + registryPort }

var (
	linkSpace      = netip.MustParsePrefix("10.213.0.0/16")
	containerSpace = []netip.Prefix{
		netip.MustParsePrefix("10.87.0.0/16"), // Dagger's own default
		netip.MustParsePrefix("10.214.0.0/16"),
		netip.MustParsePrefix("172.29.0.0/16"),
		netip.MustParsePrefix("192.168.224.0/20"),
	}
)

// pickNetwork chooses addresses that nothing on the host uses. id names the
// instance: as long as its addresses are free it gets the same ones.
func pickNetwork(id string, taken []netip.Prefix) (network, error) {
	containers, ok := firstFree(containerSpace, taken)
	if !ok {
		return network{}, fmt.Errorf("no addresses left for containers: the host's routes cover all of %v", containerSpace)
	}
	sum := fnv.New32a()
	sum.Write([]byte(id))
	const links = 1 << 14 // as many /30 as linkSpace has
	for i := range uint32(links) {
		nth := (sum.Sum32() + i) % links
		link := nthLink(nth)
		if !overlaps(link, taken) {
			host := link.Addr().Next()
			return network{
				Device:     fmt.Sprintf("est-%04x", nth),
				Host:       netip.PrefixFrom(host, 30),
				Guest:      netip.PrefixFrom(host.Next(), 30),
				Containers: containers,
			}, nil
		}
	}
	return network{}, fmt.Errorf("no addresses left for the engine: the host's routes cover %s", linkSpace)
}

func nthLink(n uint32) netip.Prefix {
	base := linkSpace.Addr().As4()
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{base[0], base[1], byte(n >> 6), byte(n << 2)}), 30)
}

func firstFree(candidates, taken []netip.Prefix) (netip.Prefix, bool) {
	for _, c := range candidates {
		if !overlaps(c, taken) {
			return c, true
		}
	}
	return netip.Prefix{}, false
}

func overlaps(p netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if p.Overlaps(t) {
			return true
		}
	}
	return false
}

// takenPrefixes are the addresses that the host has routes to.
func takenPrefixes(ctx context.Context) ([]netip.Prefix, error) {
	out, err := output(command(ctx, "ip", "-json", "-4", "route", "show", "table", "all"))
	if err != nil {
		return nil, err
	}
	return parseRoutes(out)
}

func parseRoutes(routes []byte) ([]netip.Prefix, error) {
	var entries []struct {
		Dst string `json:"dst"`
	}
	if err := json.Unmarshal(routes, &entries); err != nil {
		return nil, fmt.Errorf("ip -json route: %w", err)
	}
	var taken []netip.Prefix
	for _, e := range entries {
		if e.Dst == "default" {
			continue
		}
		if prefix, err := netip.ParsePrefix(e.Dst); err == nil {
			taken = append(taken, prefix)
		} else if address, err := netip.ParseAddr(e.Dst); err == nil {
			taken = append(taken, netip.PrefixFrom(address, address.BitLen()))
		} else {
			return nil, fmt.Errorf("ip -json route: the destination %q is no address", e.Dst)
		}
	}
	return taken, nil
}

// connect makes the host's end of the pair and lays the other one into the
// network namespace of a process.
func (n network) connect(ctx context.Context, pid int) error {
	if err := ipBatch(ctx,
		fmt.Sprintf("link add %s type veth peer name eth0 netns %d", n.Device, pid),
		fmt.Sprintf("address add %s dev %s", n.Host, n.Device),
		fmt.Sprintf("link set %s up", n.Device),
	); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("cannot let the host forward packets: %w", err)
	}
	return n.route(ctx)
}

// attach sets up the end inside, from inside, and lets containers out under its
// address.
func (n network) attach(ctx context.Context) error {
	err := ipBatch(ctx,
		"link set lo up",
		fmt.Sprintf("address add %s dev eth0", n.Guest),
		"link set eth0 up",
		fmt.Sprintf("route add default via %s", n.Host.Addr()),
	)
	if err != nil {
		return err
	}
	return iptables(ctx, "-A", []string{"nat", "POSTROUTING", "-s", n.Containers.String(), "-o", "eth0", "-j", "MASQUERADE"})
}

func ipBatch(ctx context.Context, lines ...string) error {
	cmd := command(ctx, "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	return run(cmd)
}

// rules are the host's packet filter rules for this network, each with its
// table and chain first. Rules that accept stand first in their chain, so that
// a host which forwards nothing by default lets these packets through.
func (n network) rules() [][]string {
	comment := []string{"-m", "comment", "--comment", "esteira engine " + n.Device}
	return [][]string{
		append([]string{"filter", "FORWARD", "-i", n.Device, "-j", "ACCEPT"}, comment...),
		append([]string{"filter", "FORWARD", "-o", n.Device, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"}, comment...),
		append([]string{"nat", "POSTROUTING", "-s", n.Host.Masked().String(), "!", "-o", n.Device, "-j", "MASQUERADE"}, comment...),
	}
}

// route adds the rules that are not there.
func (n network) route(ctx context.Context) error {
	for _, rule := range n.rules() {
		if iptables(ctx, "-C", rule) == nil {
			continue
		}
		if err := iptables(ctx, "-I", rule); err != nil {
			return err
		}
	}
	return nil
}

// disconnect removes the rules and the host's end of the pair.
func (n network) disconnect(ctx context.Context) error {
	var failed []error
	for _, rule := range n.rules() {
		for iptables(ctx, "-C", rule) == nil {
			if err := iptables(ctx, "-D", rule); err != nil {
				failed = append(failed, err)
				break
			}
		}
	}
	// The kernel takes the pair away some time after the engine has ended, perhaps now.
	if err := ipBatch(ctx, "link delete "+n.Device); err != nil && n.connected() {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (n network) connected() bool {
	_, err := os.Stat("/sys/class/net/" + n.Device)
	return err == nil
}

func iptables(ctx context.Context, action string, rule []string) error {
	args := append([]string{"-w", "-t", rule[0], action}, rule[1:]...)
	return run(command(ctx, "iptables", args...))
}
