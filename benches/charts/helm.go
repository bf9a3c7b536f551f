// Times Helm's engine on charts, in this process: a question as a line of JSON in, its answer out.
//
// warm: values, render, split, with the chart loaded and its dependencies processed before; every round
// has another value. cold: all of it, from the folder. What functions drew once, keys, passwords and
// times, they give again, as on the other side, unless `draw` is set: that cost is no question of an engine.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"reflect"
	"strings"
	"time"
	_ "unsafe" // for linkname

	_ "github.com/Masterminds/sprig/v3"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

//go:linkname functions github.com/Masterminds/sprig/v3.genericMap
var functions map[string]interface{}

// Functions that draw: as they are, and as they give again what they gave.
var drawn, kept = map[string]interface{}{}, map[string]interface{}{}

type question struct {
	Chart  string   `json:"chart"`
	Values []string `json:"values"`
	Cold   bool     `json:"cold"`
	// Whether keys are drawn anew each time.
	Draw   bool `json:"draw"`
	Rounds int  `json:"rounds"`
	// The value that is another in every round: `a.b`. Empty: the first of a few that the chart accepts.
	Changed string `json:"changed"`
	// Whether the text of the last round is told.
	Tell bool `json:"tell"`
}

type answer struct {
	Nanoseconds []int64 `json:"nanoseconds"`
	Changed     string  `json:"changed"`
	// What was rendered, as `helm template` prints it.
	Output []byte `json:"output"`
	Error  string `json:"error"`
}

func main() {
	log.SetOutput(io.Discard)
	keep()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		given := asked.ask()
		if err := json.NewEncoder(os.Stdout).Encode(given); err != nil {
			panic(err)
		}
	}
}

func (q question) ask() answer {
	chosen := kept
	if q.Draw {
		chosen = drawn
	}
	for name, function := range chosen {
		functions[name] = function
	}
	changed := []string{q.Changed}
	if q.Changed == "" {
		changed = []string{"fullnameOverride", "nameOverride", "global.round"}
	}
	var last answer
	for _, key := range changed {
		last = q.measure(key)
		if last.Error == "" {
			break
		}
	}
	return last
}

func (q question) measure(changed string) answer {
	given := answer{Changed: changed}
	var loaded *chart.Chart
	if !q.Cold {
		var err error
		if loaded, err = q.load(changed); err != nil {
			return answer{Error: err.Error()}
		}
	}
	for round := 0; round < q.Rounds; round++ {
		values, err := q.values(changed, round)
		if err != nil {
			return answer{Error: err.Error()}
		}
		start := time.Now()
		if q.Cold {
			if loaded, err = q.load(changed); err != nil {
				return answer{Error: err.Error()}
			}
		}
		made, err := render(loaded, values)
		if err != nil {
			return answer{Error: err.Error()}
		}
		given.Nanoseconds = append(given.Nanoseconds, time.Since(start).Nanoseconds())
		if q.Tell {
			given.Output = made.print()
		}
	}
	return given
}

func (q question) load(changed string) (*chart.Chart, error) {
	loaded, err := loader.Load(q.Chart)
	if err != nil {
		return nil, err
	}
	values, err := q.values(changed, 0)
	if err != nil {
		return nil, err
	}
	return loaded, chartutil.ProcessDependenciesWithMerge(loaded, values)
}

// What a person would give with -f, and one value that changes.
func (q question) values(changed string, round int) (map[string]interface{}, error) {
	values := map[string]interface{}{}
	for _, name := range q.Values {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		more := map[string]interface{}{}
		if err := yaml.Unmarshal(text, &more); err != nil {
			return nil, err
		}
		values = chartutil.MergeTables(more, values)
	}
	at := values
	keys := strings.Split(changed, ".")
	for _, key := range keys[:len(keys)-1] {
		below, ok := at[key].(map[string]interface{})
		if !ok {
			below = map[string]interface{}{}
			at[key] = below
		}
		at = below
	}
	at[keys[len(keys)-1]] = fmt.Sprintf("round-%d", round)
	return values, nil
}

// What a render gives.
type made struct {
	hooks     []*release.Hook
	manifests []releaseutil.Manifest
}

func render(loaded *chart.Chart, values map[string]interface{}) (made, error) {
	capabilities := chartutil.DefaultCapabilities
	options := chartutil.ReleaseOptions{Name: "rel", Namespace: "ns", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(loaded, values, options, capabilities)
	if err != nil {
		return made{}, err
	}
	files, err := engine.Render(loaded, all)
	if err != nil {
		return made{}, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	return made{hooks, manifests}, err
}

func (m made) print() []byte {
	var manifests, all bytes.Buffer
	for _, manifest := range m.manifests {
		fmt.Fprintf(&manifests, "---\n# Source: %s\n%s\n", manifest.Name, manifest.Content)
	}
	fmt.Fprintln(&all, strings.TrimSpace(manifests.String()))
	for _, hook := range m.hooks {
		fmt.Fprintf(&all, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
	}
	return all.Bytes()
}

// What draws is called once for each length that is asked for, and its answer given again.
func keep() {
	names := []string{
		"randAlphaNum", "randAlpha", "randNumeric", "randAscii", "randBytes", "uuidv4", "now",
		"bcrypt", "htpasswd", "genPrivateKey", "genCA", "genSelfSignedCert", "genSignedCert",
	}
	for _, name := range names {
		drawn[name] = functions[name]
		kept[name] = keeping(reflect.ValueOf(functions[name]))
	}
}

func keeping(function reflect.Value) interface{} {
	answers := map[string][]reflect.Value{}
	call := func(arguments []reflect.Value) []reflect.Value {
		key := ""
		if len(arguments) > 0 && arguments[0].CanInt() {
			key = fmt.Sprint(arguments[0])
		}
		if _, found := answers[key]; !found {
			answers[key] = function.Call(arguments)
		}
		return answers[key]
	}
	return reflect.MakeFunc(function.Type(), call).Interface()
}
