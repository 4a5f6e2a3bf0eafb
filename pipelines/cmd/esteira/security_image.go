package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/oci/dockersave"
	"github.com/esteira/esteira/pipelines/vulnerability"
)

// scanImage says what is known of the packages in an image: of its distribution's, which only a scan of the image itself
// matches with the right release, and of those that its bill of materials names.
func scanImage(args []string, out io.Writer) error {
	var s packageScan
	var image string
	flags := s.flags("security image")
	flags.StringVar(&image, "image", "", "`file` with the image, a tar archive of an OCI layout")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if image == "" || s.database == "" || s.into == "" {
		return usageError{errors.New("security image: name the --image, the --database and the --out")}
	}
	c, err := s.open()
	if err != nil {
		return err
	}
	defer c.Database.Close()
	if err := s.catalog(c, "oci-archive", image); err != nil {
		return err
	}
	if err := s.scanBill(c); err != nil {
		return err
	}
	if err := s.scanDistribution(c, image); err != nil {
		return err
	}
	return s.say(c, nil, out)
}

// scanDistribution has osv-scanner look into the image, with a canary in it.
func (s *packageScan) scanDistribution(c *vulnerability.Case, image string) error {
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	archive := filepath.Join(dir, "image.tar")
	if err := dockersave.Convert(image, archive, dockersave.File{Path: vulnerability.CanaryFile, Text: vulnerability.CanaryStatus}); err != nil {
		return err
	}
	output, err := s.lookUp("image", "--archive", archive)
	if err != nil {
		return err
	}
	return c.AddImage(output)
}
