package terraform

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cookie is what makes a provider serve, and not say that it is one. It is the same for all, and no secret.
const cookie = "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"

// patience is how long a provider may take until it says where it listens.
const patience = 20 * time.Second

// attachment is how a tool is told of a provider that runs already.
type attachment struct {
	Protocol        string
	ProtocolVersion int
	Pid             int
	Test            bool
	Addr            struct{ Network, String string }
}

// serve starts the providers of a folder that Init got ready, and returns the environment in which the tool uses them
// (TF_REATTACH_PROVIDERS), without anybody's credentials: most of a plan's time goes into starting one and into its reading of schemas, and here are several
// plans. Each folder has its own, because a provider remembers how it was configured. One that does not speak like this is
// left to the tool. End them.
func (w *Workshop) serve(ctx context.Context, folder string) (environment []string, end func()) {
	ctx, end = context.WithCancel(ctx)
	root := filepath.Join(w.Dir, folder, ".terraform", "providers")
	found, _ := filepath.Glob(filepath.Join(root, "*", "*", "*", "*", "*", "terraform-provider-*"))
	attachments := map[string]attachment{}
	for _, file := range found {
		relative, err := filepath.Rel(root, file)
		if err != nil {
			continue
		}
		steps := strings.Split(filepath.ToSlash(relative), "/")
		if attached, err := w.start(ctx, file); err == nil {
			attachments[strings.Join(steps[:3], "/")] = attached
		}
	}
	encoded, err := json.Marshal(attachments)
	if err != nil || len(attachments) == 0 {
		return offline[:len(offline):len(offline)], end
	}
	return append(offline[:len(offline):len(offline)], "TF_REATTACH_PROVIDERS="+string(encoded)), end
}

// start starts a provider and waits until it says where it listens. It ends with the context.
func (w *Workshop) start(ctx context.Context, file string) (attachment, error) {
	command := exec.CommandContext(ctx, file)
	command.Env = append([]string{cookie, "PLUGIN_PROTOCOL_VERSIONS=5,6", "TMPDIR=" + w.Dir}, offline...)
	output, err := command.StdoutPipe()
	if err != nil {
		return attachment{}, err
	}
	if err := command.Start(); err != nil {
		return attachment{}, err
	}
	lines := make(chan string, 1)
	go func() {
		reader := bufio.NewReader(output)
		line, _ := reader.ReadString('\n')
		lines <- line
		_, _ = io.Copy(io.Discard, reader)
		_ = command.Wait()
	}()
	select {
	case line := <-lines:
		attached, err := handshake(line)
		attached.Pid = command.Process.Pid
		return attached, err
	case <-time.After(patience):
		return attachment{}, fmt.Errorf("%s did not say within %s where it listens", filepath.Base(file), patience)
	}
}

// handshake reads the line in which a provider says where it listens: core version, protocol, network, address, and gRPC.
func handshake(line string) (attachment, error) {
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) < 5 || parts[0] != "1" || parts[4] != "grpc" {
		return attachment{}, fmt.Errorf("%q is no provider's first line", line)
	}
	version, err := strconv.Atoi(parts[1])
	attached := attachment{Protocol: "grpc", ProtocolVersion: version, Test: true}
	attached.Addr.Network, attached.Addr.String = parts[2], parts[3]
	return attached, err
}
