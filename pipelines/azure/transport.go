package azure

import (
	"context"
	"net"
	"net/http"
	"time"
)

// patient is an HTTP client that gives up a connection on which nothing moved for a while. A limit for whole requests
// would have to know how large a file is and how fast the line.
func patient(idle time.Duration) *http.Client {
	dialer := net.Dialer{Timeout: idle}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSHandshakeTimeout = idle
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return moving{connection, idle}, nil
	}
	return &http.Client{
		Transport: transport,
		// Storage does not redirect; whoever does has no claim to the credentials.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// moving is a connection whose deadline moves on with whatever is read or written: HTTP reads ahead while it writes, and
// each has to keep the other alive.
type moving struct {
	net.Conn
	idle time.Duration
}

func (m moving) Read(b []byte) (int, error) {
	if err := m.SetDeadline(time.Now().Add(m.idle)); err != nil {
		return 0, err
	}
	return m.Conn.Read(b)
}

func (m moving) Write(b []byte) (int, error) {
	if err := m.SetDeadline(time.Now().Add(m.idle)); err != nil {
		return 0, err
	}
	return m.Conn.Write(b)
}
