package main

import (
	"encoding/json"
	"net/netip"
)

// cniConfigPath is where the engine finds the network configuration of its containers. The ending says that it is a list.
const cniConfigPath = "/etc/cni.conflist"

// dnsFolder holds the files of the engine's name server, as Dagger's network/netinst names them.
const dnsFolder = "/var/run/containers/cni/dnsname/dagger/"

// cniConfig is Dagger's own network for containers without what it does to the
// packet filter for each of them: 20 processes and 0.1 s for every exec. An
// instance has a network namespace of its own, where nothing else is, so that
// one rule for all of its containers does the same (masquerade).
func cniConfig(containers netip.Prefix) ([]byte, error) {
	type object = map[string]any
	return json.MarshalIndent(object{
		"cniVersion": "0.4.0",
		"name":       "dagger",
		"plugins": []object{
			{
				"type":             "bridge",
				"bridge":           "dagger0",
				"isDefaultGateway": true,
				"hairpinMode":      true,
				"ipam": object{
					"type":   "host-local",
					"ranges": [][]object{{{"subnet": containers.String()}}},
				},
			},
			{
				"type":         "dnsname",
				"domainName":   "dagger.local",
				"pidfile":      dnsFolder + "pidfile",
				"hosts":        dnsFolder + "addnhosts",
				"lockfile":     dnsFolder + "lock",
				"capabilities": object{"aliases": true},
			},
		},
	}, "", "  ")
}
