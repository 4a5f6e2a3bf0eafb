package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
)

// Where systemd-resolved keeps the real name servers behind its local one.
const resolvedConf = "/run/systemd/resolve/resolv.conf"

// nameservers returns the resolv.conf with which the engine reaches the host's
// name servers. One that listens on the host's loopback address cannot be
// reached from the engine's network, as little as from any container.
func nameservers() (string, error) {
	for _, file := range []string{"/etc/resolv.conf", resolvedConf} {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if conf, ok := reachable(text); ok {
			return conf, nil
		}
	}
	return "", fmt.Errorf("/etc/resolv.conf names no name server that containers can reach (one on 127.0.0.1 is the host's alone): add the address of another")
}

// reachable drops the name servers on loopback addresses, and comments. It says
// false when no name server is left.
func reachable(conf []byte) (string, bool) {
	var kept strings.Builder
	found := false
	lines := bufio.NewScanner(bytes.NewReader(conf))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") || strings.HasPrefix(fields[0], ";") {
			continue
		}
		if fields[0] == "nameserver" {
			if len(fields) < 2 {
				continue
			}
			address, err := netip.ParseAddr(fields[1])
			if err != nil || address.IsLoopback() || address.Is6() {
				continue
			}
			found = true
		}
		kept.WriteString(strings.Join(fields, " ") + "\n")
	}
	return kept.String(), found
}
