package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
)

// certificate makes a real one and returns it in DER and in PEM.
func certificate(t testing.TB, serial int64) (der, text []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial)}
	der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestLackingCertificates(t *testing.T) {
	a, aText := certificate(t, 1)
	b, bText := certificate(t, 2)
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("not for containers")})
	host := append([]byte("# company CA\n"), aText...)
	host = append(host, key...)
	host = append(host, bText...)
	host = append(host, bText...)
	for _, c := range []struct {
		name string
		have []byte
		want [][]byte
	}{
		{"none of them", nil, [][]byte{a, b}},
		{"one of them", aText, [][]byte{b}},
		{"all of them", append(bText, aText...), nil},
	} {
		got := lacking(split(c.have), split(host))
		if len(got) != len(c.want) {
			t.Errorf("%s: %d certificates; want %d", c.name, len(got), len(c.want))
			continue
		}
		for i := range got {
			if string(got[i]) != string(c.want[i]) {
				t.Errorf("%s: certificate %d is another one", c.name, i)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	_, text := certificate(f, 1)
	f.Add(text)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\ntrailing"))
	f.Fuzz(func(t *testing.T, bundle []byte) {
		certificates := split(bundle)
		var again []byte
		for _, der := range certificates {
			again = append(again, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		if n := len(split(again)); n != len(certificates) {
			t.Errorf("%d certificates written, %d read", len(certificates), n)
		}
	})
}
