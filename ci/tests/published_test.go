package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// published is the address of an image that the engine has pulled from nowhere but its own registry: the container that
// the calls of `dagger core container` make.
func published(t *testing.T, name string, container ...string) string {
	t.Helper()
	registry, ok := os.LookupEnv("ESTEIRA_REGISTRY")
	if !ok {
		t.Skip("this engine has no registry of its own (Docker's): there is none to publish to")
	}
	args := append([]string{"-s", "core", "container", "from", "--address=debian:trixie-slim"}, container...)
	return strings.TrimSpace(dagger(t, repository, append(args, "publish", "--address="+registry+"/tests/"+name)...).passes(t))
}

// serveTLS answers HTTPS on an address that containers reach, and returns its URL and its certificate (PEM).
func serveTLS(t *testing.T, answer http.Handler) (url, certificate string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := ownAddress(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.ParseIP(own)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(own, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{
		Listener: listener, Config: &http.Server{Handler: answer},
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
