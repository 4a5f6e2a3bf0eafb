package tests

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/esteira/esteira/pipelines/azure"
)

// blobs is a container of a test's own in a real Azurite.
type blobs struct {
	address string
	name    string
	client  *container.Client
}

func newBlobs(t *testing.T, address string) *blobs {
	t.Helper()
	b := noBlobs(t, address)
	if _, err := b.client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// noBlobs is a container that is not there.
func noBlobs(t *testing.T, address string) *blobs {
	t.Helper()
	b := &blobs{address: address, name: strings.ToLower(rand.Text())}
	key, err := container.NewSharedKeyCredential(azure.EmulatorAccount, azure.EmulatorKey)
	if err != nil {
		t.Fatal(err)
	}
	if b.client, err = container.NewClientWithSharedKeyCredential(b.url(), key, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *blobs) url() string {
	return fmt.Sprintf("http://%s/%s/%s", b.address, azure.EmulatorAccount, b.name)
}

// sas is a signature for the container that lasts for an hour.
func (b *blobs) sas(t *testing.T, permissions sas.ContainerPermissions) string {
	t.Helper()
	return b.sasUntil(t, permissions, time.Now().Add(time.Hour))
}

func (b *blobs) sasUntil(t *testing.T, permissions sas.ContainerPermissions, end time.Time) string {
	t.Helper()
	start := time.Now().Add(-2 * time.Hour)
	address, err := b.client.GetSASURL(permissions, end, &container.GetSASURLOptions{StartTime: &start})
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(address, "?")
	return query
}

var createAndRead = sas.ContainerPermissions{Create: true, Read: true}

// list is what lies in the container: each blob with its tag, which changes with every write.
func (b *blobs) list(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for pages := b.client.NewListBlobsFlatPager(nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Segment.BlobItems {
			found[*item.Name] = string(*item.Properties.ETag)
		}
	}
	return found
}

func (b *blobs) content(t *testing.T, name string) string {
	t.Helper()
	answer, err := b.client.NewBlobClient(name).DownloadStream(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// newModel is the flag for a file of so many random bytes, the name that its blob gets, and its content.
func newModel(t *testing.T, bytes int) (flag, blob, text string) {
	t.Helper()
	content := make([]byte, bytes)
	_, _ = rand.Read(content) // it never fails
	sum := sha256.Sum256(content)
	flag = "--file=model.onnx=" + write(t, filepath.Join(t.TempDir(), "model.onnx"), string(content))
	return flag, "sha256/" + hex.EncodeToString(sum[:]) + "/model.onnx", string(content)
}

// A server that has to answer shares this machine with all other tests, and may take its time. hasty gives up soon on one that
// is silent.
const (
	patient = "--idle=3m"
	hasty   = "--idle=2s"
)

// upload runs the command with a SAS in its environment.
func upload(ctx context.Context, t *testing.T, address, sas string, flags ...string) outcome {
	t.Helper()
	args := append([]string{"blob", "upload", "--plain", "--container=" + address, patient}, flags...)
	said := esteira(ctx, t, []string{"AZURE_STORAGE_SAS_TOKEN=" + sas}, args...)
	if _, signature, found := strings.Cut(sas, "sig="); found && strings.Contains(said.stdout+said.stderr, signature) {
		t.Errorf("%s printed the SAS:\n%s%s", said, said.stdout, said.stderr)
	}
	return said
}

// What was uploaded lies under its digest; uploading it again changes nothing.
func TestBlobUpload(t *testing.T) {
	t.Parallel()
	b := newBlobs(t, server(t, "azurite"))
	file, blob, text := newModel(t, 3<<20)
	for _, created := range []bool{true, false} {
		before := b.list(t)
		var stored []azure.Blob
		if err := json.Unmarshal([]byte(upload(t.Context(), t, b.url(), "?"+b.sas(t, createAndRead), file).passes(t)), &stored); err != nil {
			t.Fatal(err)
		}
		if len(stored) != 1 || stored[0].Name != blob || stored[0].URL != b.url()+"/"+blob || stored[0].Created != created || stored[0].Bytes != 3<<20 {
			t.Errorf("it says %+v", stored)
		}
		if !created && before[blob] != b.list(t)[blob] {
			t.Error("the second upload wrote again")
		}
	}
	if b.content(t, blob) != text {
		t.Error("the blob is not the file")
	}
}

// Whatever is wrong with an upload, the error says so and what to do, and nothing arrives.
func TestBlobRefused(t *testing.T) {
	t.Parallel()
	azurite := server(t, "azurite")
	b, other, missing, silent := newBlobs(t, azurite), newBlobs(t, azurite), noBlobs(t, azurite), noBlobs(t, mute(t))
	file, _, _ := newModel(t, 1000)
	empty := write(t, filepath.Join(t.TempDir(), "empty"), "")
	good := b.sas(t, createAndRead)
	cases := []struct {
		name         string
		address, sas string
		flags        []string
		says         []string
	}{
		{"wrong signature", b.url(), good[:len(good)-8] + "AAAA%3D", []string{file}, []string{"cannot be read", b.url(), "is refused", "403"}},
		{"expired", b.url(), b.sasUntil(t, createAndRead, time.Now().Add(-time.Hour)), []string{file}, []string{"cannot be read", "not expired", "403"}},
		{"for another container", b.url(), other.sas(t, createAndRead), []string{file}, []string{"cannot be read", "for this container", "403"}},
		{"may only read", b.url(), b.sas(t, sas.ContainerPermissions{Read: true}), []string{file}, []string{"was not uploaded", "needs create and read", "403"}},
		{"may only create", b.url(), b.sas(t, sas.ContainerPermissions{Create: true}), []string{file}, []string{"cannot be read", "needs create and read", "403"}},
		{"no such container", missing.url(), missing.sas(t, createAndRead), []string{file}, []string{"cannot be read", "no such container", "404"}},
		{"nobody listens", "http://127.0.0.1:9/a/b", good, []string{file}, []string{"cannot be read", "127.0.0.1:9", "does not answer", "whether it is up"}},
		{"never answers", silent.url(), good, []string{file}, []string{"cannot be read", silent.address, "nothing moved"}},
		{"no time", silent.url(), good, []string{file, "--timeout=1s"}, []string{"cannot be read", "the time for all of it was up"}},
		{"no such file", b.url(), good, []string{file + "x"}, []string{"model.onnxx", "no such file"}},
		{"empty file", b.url(), good, []string{"--file=model.onnx=" + empty}, []string{empty, "0 bytes"}},
		{"bad name", b.url(), good, []string{"--file=../up=" + empty}, []string{`"../up"`, "letters, digits"}},
		{"http", b.url(), good, []string{file, "--plain=false"}, []string{"write https"}},
		{"SAS in the address", b.url() + "?" + good, good, []string{file}, []string{"handed in as a secret"}},
		{"no container", "http://" + b.address, good, []string{file}, []string{"names no container"}},
		{"no address", "", good, []string{file}, []string{"https://ACCOUNT.blob.core.windows.net/CONTAINER"}},
		{"no credentials", b.url(), "", []string{file}, []string{"neither a SAS nor a workload identity"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			said := upload(t.Context(), t, test.address, test.sas, append([]string{hasty}, test.flags...)...)
			said.fails(t, test.says...)
			if said.code != 1 || strings.Count(said.stderr, "\n") != 1 {
				t.Errorf("exit code %d and %q, want 1 and one line", said.code, said.stderr)
			}
			if found := b.list(t); len(found) != 0 {
				t.Errorf("%v was uploaded", found)
			}
		})
	}
}

// What lies under a digest that is not its own is found, and is not overwritten.
func TestBlobOfOtherContent(t *testing.T) {
	t.Parallel()
	b := newBlobs(t, server(t, "azurite"))
	file, blob, _ := newModel(t, 1000)
	if _, err := b.client.NewBlockBlobClient(blob).UploadBuffer(t.Context(), []byte("forged"), nil); err != nil {
		t.Fatal(err)
	}
	forged := sha256.Sum256([]byte("forged"))
	upload(t.Context(), t, b.url(), b.sas(t, createAndRead), file).
		fails(t, blob, "with other content", hex.EncodeToString(forged[:]), "Nothing was overwritten")
	if text := b.content(t, blob); text != "forged" {
		t.Errorf("it was overwritten by %d bytes", len(text))
	}
}

// line is a connection to a server that something happens to after so many bytes of a request.
type line struct {
	address string
	// broken is told of each connection to which it happened.
	broken chan struct{}
}

func newLine(t *testing.T, server string, bytes int64, happens func(client, server net.Conn)) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	l := &line{listener.Addr().String(), make(chan struct{}, 100)}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go l.carry(client, server, bytes, happens)
		}
	}()
	return l
}

func (l *line) carry(client net.Conn, address string, bytes int64, happens func(client, server net.Conn)) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return // the server is gone, and the client sees that
	}
	defer server.Close()
	go io.Copy(client, server) //nolint:errcheck // it ends with the connection
	if _, err := io.CopyN(server, client, bytes); err == nil {
		l.broken <- struct{}{}
		happens(client, server)
	}
}

// stuck keeps a connection open on which nothing moves any more.
func stuck(client, server net.Conn) { time.Sleep(time.Minute) }

// cut ends a connection.
func cut(client, server net.Conn) {}

// An upload that was interrupted leaves nothing half done, and is called again as if nothing had been.
func TestBlobInterrupted(t *testing.T) {
	t.Parallel()
	const half = 4 << 20
	cases := []struct {
		name    string
		happens func(client, server net.Conn)
		kill    bool
		says    []string
	}{
		{"the client is killed", stuck, true, nil},
		{"the line is cut", cut, false, []string{"was not uploaded", "does not answer"}},
		{"the line is stuck", stuck, false, []string{"was not uploaded", "nothing moved"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBlobs(t, server(t, "azurite"))
			file, blob, text := newModel(t, 2*half)
			broken := newLine(t, b.address, half, test.happens)
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			if test.kill {
				go func() { <-broken.broken; kill() }()
			}
			// The SAS is for the path, whatever the host.
			upload(ctx, t, strings.Replace(b.url(), b.address, broken.address, 1), b.sas(t, createAndRead), hasty, file).fails(t, test.says...)
			if found := b.list(t); len(found) != 0 {
				t.Errorf("after it was interrupted %v is there", found)
			}
			upload(t.Context(), t, b.url(), b.sas(t, createAndRead), file).passes(t)
			if b.content(t, blob) != text {
				t.Error("the blob is not the file")
			}
		})
	}
}

// An answer that got lost is asked for again: the blob is there, and is taken for what it is.
func TestBlobAnswerLost(t *testing.T) {
	t.Parallel()
	b := newBlobs(t, server(t, "azurite"))
	file, blob, text := newModel(t, 1<<20)
	lost := newLostAnswer(t, b.address)
	upload(t.Context(), t, strings.Replace(b.url(), b.address, lost, 1), b.sas(t, createAndRead), file).passes(t)
	if b.content(t, blob) != text {
		t.Error("the blob is not the file")
	}
}

// newLostAnswer passes requests on, and drops the first answer.
func newLostAnswer(t *testing.T, server string) string {
	t.Helper()
	target, err := url.Parse("http://" + server)
	if err != nil {
		t.Fatal(err)
	}
	var answers atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(*http.Response) error {
		if answers.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
	lossy := httptest.NewServer(proxy)
	t.Cleanup(func() {
		lossy.Close()
		if answers.Load() < 2 {
			t.Error("no answer was lost: this test proves nothing")
		}
	})
	return lossy.Listener.Addr().String()
}

// A server that dies in the middle is told from one that refuses, and what it had not said to be stored is uploaded
// again once it is back.
func TestBlobServerDies(t *testing.T) {
	t.Parallel()
	const half = 4 << 20
	dying, err := start("azurite", 10000)
	if err != nil {
		t.Fatal(err)
	}
	b := newBlobs(t, dying.address())
	file, blob, text := newModel(t, 2*half)
	through := newLine(t, b.address, half, func(client, server net.Conn) { dying.stop() })
	upload(t.Context(), t, strings.Replace(b.url(), b.address, through.address, 1), b.sas(t, createAndRead), hasty, file).
		fails(t, "was not uploaded", "does not answer")
	back := newBlobs(t, server(t, "azurite"))
	upload(t.Context(), t, back.url(), back.sas(t, createAndRead), file).passes(t)
	if back.content(t, blob) != text {
		t.Error("the blob is not the file")
	}
}
