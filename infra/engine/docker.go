package main

import (
	"context"
	"time"
)

// dockerAnswers says whether this machine has a working Docker, which Dagger
// then uses by itself.
func dockerAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return run(command(ctx, "docker", "version", "--format", "{{.Server.Version}}")) == nil
}
