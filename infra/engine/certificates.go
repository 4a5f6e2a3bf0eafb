package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Debian's places for certificates, the same on the host and in our images.
const (
	trustBundle = "/etc/ssl/certs/ca-certificates.crt"
	trustExtras = "/usr/local/share/ca-certificates"
)

// split returns the certificates of a PEM bundle, each in DER.
func split(bundle []byte) [][]byte {
	var certificates [][]byte
	for {
		block, rest := pem.Decode(bundle)
		if block == nil {
			return certificates
		}
		if block.Type == "CERTIFICATE" {
			certificates = append(certificates, block.Bytes)
		}
		bundle = rest
	}
}

// lacking returns the certificates of want that have lacks.
func lacking(have, want [][]byte) [][]byte {
	known := map[string]bool{}
	for _, der := range have {
		known[string(der)] = true
	}
	var extra [][]byte
	for _, der := range want {
		if !known[string(der)] {
			known[string(der)] = true
			extra = append(extra, der)
		}
	}
	return extra
}

// trust makes the Debian system in root trust what the host trusts.
//
// The extra certificates are installed as files of their own and not just
// written into the bundle: Java's key store is filled from them later, when
// ca-certificates-java is installed.
func trust(root string) error {
	host, err := hostTrust()
	if err != nil {
		return err
	}
	own, err := os.ReadFile(filepath.Join(root, trustBundle))
	if err != nil {
		return err
	}
	for _, der := range lacking(split(own), split(host)) {
		name := fmt.Sprintf("host-%s.crt", digest(string(der)))
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if err := os.WriteFile(filepath.Join(root, trustExtras, name), text, 0o644); err != nil {
			return err
		}
	}
	return run(exec.Command("chroot", root, "update-ca-certificates"))
}

// hostTrust returns the host's bundle of trusted certificates, nothing where it
// has none.
func hostTrust() ([]byte, error) {
	bundle, err := os.ReadFile(trustBundle)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err == nil && len(split(bundle)) == 0 && len(bytes.TrimSpace(bundle)) > 0 {
		return nil, fmt.Errorf("%s: no certificate in it: run update-ca-certificates", trustBundle)
	}
	return bundle, err
}
