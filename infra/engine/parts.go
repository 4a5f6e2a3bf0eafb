package main

import (
	"context"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// parts is everything that is made on this machine. The image parts are made
// of the parts before them.
type parts struct {
	cli                   part
	engine, registry      part
	baseDebian, sdkDebian part
	baseImage             part
	goCache, goSDK        part
}

// plan works out what this machine needs, and makes nothing.
func (h home) plan(ctx context.Context) (parts, error) {
	src, err := source()
	if err != nil {
		return parts{}, err
	}
	dir := filepath.Join(src, "dagger")
	tools, err := findToolchain(ctx, dir)
	if err != nil {
		return parts{}, err
	}
	var p parts
	if p.cli, err = binaries("cli", dir, "dagger"); err != nil {
		return parts{}, err
	}
	if p.engine, err = binaries("engine", dir, "engine", "init", "dnsname", "codegen"); err != nil {
		return parts{}, err
	}
	if p.baseDebian, err = debianPart("base-debian"); err != nil {
		return parts{}, err
	}
	if p.sdkDebian, err = debianPart("sdk-debian", "git", "openssh-client"); err != nil {
		return parts{}, err
	}
	if p.goCache, err = goCachePart(filepath.Join(src, "sdk"), tools); err != nil {
		return parts{}, err
	}
	p.registry = registryPart()
	p.baseImage = h.baseImagePart(p.baseDebian)
	p.goSDK = h.goSDKPart(p.sdkDebian, p.engine, p.goCache, tools)
	return p, nil
}

// provideCLI makes the dagger command and puts it into bin.
func (h home) provideCLI(ctx context.Context, log *progress, p parts) error {
	if err := h.provide(ctx, log, p.cli); err != nil {
		return err
	}
	return replaceLink(filepath.Join(h.partDir(p.cli), "dagger"), h.path("bin", "dagger"))
}

// provideEngine makes what an engine without Docker is made of. Building keeps
// the processors busy and Debian the network, so the two go side by side.
func (h home) provideEngine(ctx context.Context, log *progress, p parts) error {
	group, sideBySide := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := h.provideCLI(sideBySide, log, p); err != nil {
			return err
		}
		if err := h.provide(sideBySide, log, p.engine); err != nil {
			return err
		}
		if h.has(p.goSDK) {
			return nil
		}
		return h.provide(sideBySide, log, p.goCache)
	})
	group.Go(func() error {
		// The layers are only needed to make the images.
		if !h.has(p.baseImage) {
			if err := h.provide(sideBySide, log, p.baseDebian); err != nil {
				return err
			}
		}
		if err := h.provide(sideBySide, log, p.baseImage); err != nil {
			return err
		}
		if err := h.provide(sideBySide, log, p.registry); err != nil {
			return err
		}
		if h.has(p.goSDK) {
			return nil
		}
		return h.provide(sideBySide, log, p.sdkDebian)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return h.provide(ctx, log, p.goSDK)
}

// kept are the parts that an engine needs when everything is made.
func (p parts) kept() []part {
	return []part{p.cli, p.engine, p.registry, p.baseImage, p.goSDK}
}

// complete says whether every part is there.
func (h home) complete(p parts) bool {
	for _, one := range p.kept() {
		if !h.has(one) {
			return false
		}
	}
	return true
}
