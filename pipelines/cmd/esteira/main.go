// Command esteira offers the packages of pipelines/ to whoever has no Dagger, and to container
// builds for which a program is better cached than a function. It decides nothing by itself.
//
// It exits with 0 if all is well, with 1 if something failed or was judged red, and with 2 if it was
// called wrongly. Errors are one line on standard error that begins with "esteira:".
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

const usage = `esteira judges models, experiments and manifests, stores models, turns folders into images and runs into reports.

  esteira blob emulate              make a container in Azurite, and print a SAS for it
  esteira blob upload               put files into Azure Blob Storage under their digests, and read them back
  esteira dispatch                  ask GitHub for a training where a model is not asked what it was trained on
  esteira drift                     say whether a model is asked what it was trained on
  esteira experiment                say which of two models does better in a running experiment
  esteira gate                      judge a model by its predictions, and write why
  esteira image assemble            put an image together from folders, reproducibly
  esteira image describe IMAGE.tar  say digest, sizes and layers of an image's OCI archive
  esteira manifest changes          say what changed in what is rendered, by object and field, secrets masked
  esteira manifest kube-score       say what in rendered manifests is against good practice, by kube-score
  esteira manifest kubeconform      say what in manifests no schema allows, by kubeconform
  esteira manifest kubeval          say what in rendered manifests no schema allows, by kubeval
  esteira manifest place            say where in the sources is what tools say of what was rendered
  esteira manifest policies         judge what was rendered by the Gatekeeper policies in it, and try their cases
  esteira manifest render           render the kustomizations of a folder, and say what is wrong in them
  esteira manifest schemas          make the JSON schemas of a Kubernetes release
  esteira manifest server           say what a real API server refuses of what was rendered
  esteira parts local               take third-party manifests from their Go modules, and compare them with their pins
  esteira parts verify PARTS.yaml   compare what the addresses of third-party manifests give with their pins
  esteira release RELEASE.yaml      check what an environment runs, and print it as JSON
  esteira report RUN.json           write a run as HTML, JUnit, Markdown, SARIF or text
  esteira check RUN.json            fail if a run is red

'esteira COMMAND -h' lists a command's flags.
`

// usageError is a wrong call, as against a failure of what was asked for.
type usageError struct{ error }

// command reads its own arguments and writes its result to out.
type command func(args []string, out io.Writer) error

var commands = map[string]command{
	"blob emulate":         emulateBlobs,
	"blob upload":          uploadBlobs,
	"check":                checkRun,
	"dispatch":             dispatchTraining,
	"drift":                judgeDrift,
	"experiment":           judgeExperiment,
	"gate":                 judge,
	"image assemble":       assemble,
	"image describe":       describe,
	"manifest changes":     showChanges,
	"manifest kube-score":  runKubeScore,
	"manifest kubeconform": runKubeconform,
	"manifest kubeval":     runKubeval,
	"manifest place":       placeRemarks,
	"manifest policies":    judgeByPolicies,
	"manifest render":      renderManifests,
	"manifest schemas":     makeSchemas,
	"manifest server":      tryManifests,
	"parts local":          takeParts,
	"parts verify":         verifyParts,
	"release":              showRelease,
	"report":               writeReport,
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, errOut io.Writer) int {
	err := dispatch(args, out)
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		printError(errOut, err)
		return 2
	default:
		printError(errOut, err)
		return 1
	}
}

func printError(w io.Writer, err error) {
	line := strings.NewReplacer(":\n", ": ", "\n", "; ").Replace(err.Error())
	fmt.Fprintln(w, "esteira:", line)
}

func dispatch(args []string, out io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		_, err := io.WriteString(out, usage)
		return err
	}
	for words := 1; words <= 2 && words <= len(args); words++ {
		if chosen, known := commands[strings.Join(args[:words], " ")]; known {
			return chosen(args[words:], out)
		}
	}
	return usageError{fmt.Errorf("unknown command %q, try 'esteira help'", strings.Join(args, " "))}
}

// parse reads flags, and into file, unless it is nil, the one argument that follows them. Asking for help prints the
// flags to out and reports that nothing is left to do.
func parse(flags *flag.FlagSet, args []string, file *string, out io.Writer) (done bool, err error) {
	flags.SetOutput(io.Discard)
	err = flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(out, "esteira %s\n\n", flags.Name())
		flags.SetOutput(out)
		flags.PrintDefaults()
		return true, nil
	}
	wanted := 0
	if file != nil {
		wanted, *file = 1, flags.Arg(0)
	}
	switch {
	case err != nil:
	case flags.NArg() > wanted:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(wanted))
	case flags.NArg() < wanted:
		err = errors.New("which file? name it as the last argument")
	default:
		return false, nil
	}
	return false, usageError{fmt.Errorf("%s: %w", flags.Name(), err)}
}
