package tests

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// private is a network that has a loopback device and nothing else: that of a process which was started with
// unix.CLONE_NEWNET. `dagger … up` listens on all addresses and has no choice of one; there nobody else reaches them.
type private struct{ process int }

// up switches the loopback device on.
func (p private) up() error {
	return p.inside(func() error {
		socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(socket)
		device, err := unix.NewIfreq("lo")
		if err != nil {
			return err
		}
		device.SetUint16(unix.IFF_UP)
		return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, device)
	})
}

// dial opens a connection from within.
func (p private) dial(port int) (connection net.Conn, err error) {
	err = p.inside(func() error {
		connection, err = net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		return err
	})
	return connection, err
}

// inside does something in this network. Its thread is locked and never freed, so that it ends with the goroutine.
func (p private) inside(do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		network, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", p.process))
		if err == nil {
			defer network.Close()
			err = unix.Setns(int(network.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}

// forward leads what is connected to a listener to a port within, until the listener is closed.
func (p private) forward(listener net.Listener, port int) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // closed
		}
		go func() {
			defer client.Close()
			server, err := p.dial(port)
			if err != nil {
				return // the server is gone, and the client sees that
			}
			defer server.Close()
			go func() {
				io.Copy(server, client)            //nolint:errcheck // it ends with the connection
				server.(*net.TCPConn).CloseWrite() //nolint:errcheck // it may be gone
			}()
			io.Copy(client, server) //nolint:errcheck // it ends with the connection
		}()
	}
}
