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

const usage = `esteira judges models, experiments, manifests, infrastructure and packages, stores models, turns folders into images and runs
into reports.

  esteira argocd install            bring Argo CD into a cluster, with what it keeps
  esteira azure login               change a job's token into one for a container registry of Azure
  esteira blob emulate              make a container in Azurite, and print a SAS for it
  esteira blob upload               put files into Azure Blob Storage under their digests, and read them back
  esteira check RUN.json            fail if a run is red
  esteira comment                   write a report into the one comment of a pull request
  esteira delivery budget           add up how long it takes from a merge to production and back
  esteira delivery dora             measure delivery by environment and team: DORA's five metrics
  esteira delivery models           follow every version of a model from its data to where it runs
  esteira deployments               list GitHub's deployments, and how each ended, as JSON
  esteira dispatch                  ask GitHub for a training where a model is not asked what it was trained on
  esteira drift                     say whether a model is asked what it was trained on
  esteira environments apply        make GitHub's environments as esteira.yaml has them, and read them back
  esteira environments plan         say what of GitHub's environments is not as esteira.yaml has it
  esteira experiment                say which of two models does better in a running experiment
  esteira gate                      judge a model by its predictions, and write why
  esteira image assemble            put an image together from folders, reproducibly
  esteira image describe IMAGE.tar  say digest, sizes and layers of an image's OCI archive
  esteira init                      print the esteira.yaml of a repository that has none
  esteira manifest changes          say what changed in what is rendered, by object and field, secrets masked
  esteira manifest kube-score       say what in rendered manifests is against good practice, by kube-score
  esteira manifest kubeconform      say what in manifests no schema allows, by kubeconform
  esteira manifest kubeval          say what in rendered manifests no schema allows, by kubeval
  esteira manifest monitoring       compare what watches the cluster with what is exposed, and try alerts and routes
  esteira manifest place            say where in the sources is what tools say of what was rendered
  esteira manifest policies         judge what was rendered by the Gatekeeper policies in it, and try their cases
  esteira manifest render           render the kustomizations of a folder, and say what is wrong in them
  esteira manifest schemas          make the JSON schemas of a Kubernetes release
  esteira manifest server           say what a real API server refuses of what was rendered
  esteira parts local               take third-party manifests from their Go modules, and compare them with their pins
  esteira parts verify PARTS.yaml   compare what the addresses of third-party manifests give with their pins
  esteira plan                      say what components of a repository a change touches, and why
  esteira prices refresh BOOK.json  ask the Azure Retail Prices API for the prices of a book's meters
  esteira promotion deployed        record at GitHub how far a deployment of a release set is
  esteira promotion diff            say what a promotion would change, and print the digest that promote expects
  esteira promotion history         say what an environment has run
  esteira promotion integration-tests
                                    ask a deployed service whether it does what was promised of a set
  esteira promotion pin             keep an environment, or some of its components, at what they are
  esteira promotion promote         move a release set to an environment, by one commit
  esteira promotion propose         open the pull request of a promotion, or say anew what it is about
  esteira promotion prune           say which images and models no set within the rollback depth names, and remove them
  esteira promotion publish         publish a release with its notes at GitHub
  esteira promotion record          record what the integration tests of an environment came to
  esteira promotion reviews         say who approved a promotion's pull request, and who had a part in it, as JSON
  esteira promotion rollback        bring an older release set back, by one commit, and pin it
  esteira promotion signatures      verify what is signed about all that a promotion would bring
  esteira promotion status          say what each environment runs, and what keeps it from changing
  esteira promotion unpin           take a pin away
  esteira promotion verify          fail if a release set or what is derived from it was edited by hand
  esteira promotion watch           follow what the cluster makes of a release set, and write back what it took back
  esteira release RELEASE.yaml      check what an environment runs, and print it as JSON
  esteira report RUN.json           write a run as HTML, JUnit, Markdown, SARIF or text
  esteira security database         download the records of vulnerabilities, for machines without internet too
  esteira security image            say what is known of the packages in an image
  esteira security scan             say what is known of the packages that a folder asks for
  esteira security secrets          say which secrets lie in a folder and in commits, and never what they are
  esteira security sign             sign an image under its digest, and attest what it is made of and where it was built
  esteira security sign-model       sign the gate's record of a model
  esteira security verify           check what is signed about an image or a model against the policy
  esteira terraform cost            judge what planned infrastructure costs in a month, before and after
  esteira terraform drift           say what differs from Terraform's state outside of code
  esteira terraform fmt             say what of Terraform's configuration is not formatted
  esteira terraform lint            say what in Terraform's configuration tflint finds
  esteira terraform lock            make the lock files of Terraform's providers anew
  esteira terraform mirror          put a provider that Go built into a mirror
  esteira terraform plan            plan Terraform's configuration, without a cloud too, and say what it destroys
  esteira terraform scan            say what is weak in planned infrastructure, by checkov and by rules of our own
  esteira terraform validate        say what in Terraform's configuration is not valid, and try its tests

'esteira COMMAND -h' lists a command's flags.
`

// usageError is a wrong call, as against a failure of what was asked for.
type usageError struct{ error }

// command reads its own arguments and writes its result to out.
type command func(args []string, out io.Writer) error

var commands = map[string]command{
	"argocd install":              installArgocd,
	"azure login":                 azureLogin,
	"blob emulate":                emulateBlobs,
	"blob upload":                 uploadBlobs,
	"check":                       checkRun,
	"comment":                     commentReport,
	"delivery budget":             addUpDelivery,
	"delivery dora":               measureDelivery,
	"delivery models":             trackModels,
	"deployments":                 listDeployments,
	"dispatch":                    dispatchTraining,
	"drift":                       judgeDrift,
	"environments apply":          applyEnvironments,
	"environments plan":           planEnvironments,
	"experiment":                  judgeExperiment,
	"gate":                        judge,
	"image assemble":              assemble,
	"image describe":              describe,
	"init":                        beginRepository,
	"manifest changes":            showChanges,
	"manifest kube-score":         runKubeScore,
	"manifest kubeconform":        runKubeconform,
	"manifest kubeval":            runKubeval,
	"manifest monitoring":         judgeMonitoring,
	"manifest place":              placeRemarks,
	"manifest policies":           judgeByPolicies,
	"manifest render":             renderManifests,
	"manifest schemas":            makeSchemas,
	"manifest server":             tryManifests,
	"parts local":                 takeParts,
	"parts verify":                verifyParts,
	"plan":                        planChange,
	"prices refresh":              refreshPrices,
	"promotion deployed":          recordDeployment,
	"promotion diff":              diffPromotion,
	"promotion history":           showHistory,
	"promotion integration-tests": testIntegration,
	"promotion pin":               pin,
	"promotion promote":           promote,
	"promotion propose":           proposePromotion,
	"promotion prune":             pruneReleases,
	"promotion publish":           publishRelease,
	"promotion record":            recordTests,
	"promotion reviews":           readReviews,
	"promotion rollback":          rollBack,
	"promotion signatures":        verifySet,
	"promotion status":            showStatus,
	"promotion unpin":             unpin,
	"promotion verify":            verifyReleases,
	"promotion watch":             watchRollout,
	"release":                     showRelease,
	"report":                      writeReport,
	"security database":           packDatabase,
	"security image":              scanImage,
	"security scan":               scanFolder,
	"security secrets":            findSecrets,
	"security sign":               signImage,
	"security sign-model":         signModel,
	"security verify":             verifySigned,
	"terraform cost":              judgeCost,
	"terraform drift":             judgeTerraformDrift,
	"terraform fmt":               formatTerraform,
	"terraform lint":              lintTerraform,
	"terraform lock":              lockProviders,
	"terraform mirror":            mirrorProvider,
	"terraform plan":              planTerraform,
	"terraform scan":              scanTerraform,
	"terraform validate":          validateTerraform,
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
