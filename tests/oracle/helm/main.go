// Answers probes with Helm's own engine: small templates, each in a chart of its own.
//
//	helm-oracle < probes > answers          a line of JSON each
//	helm-oracle -answer text.yaml list.yaml  writes the answers into files of probes
//
// A probe is the template templates/t.txt of the chart `p`, version 0.1.0, installed as `rel` into the
// namespace `default` of Kubernetes 1.33. Built with src/control_plane/go/helm/go.mod.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"unicode/utf8"

	yaml3 "go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

type probe struct {
	Template string            `json:"template" yaml:"template"`
	Helpers  string            `json:"helpers" yaml:"helpers"`
	Values   string            `json:"values" yaml:"values"`
	Files    map[string]string `json:"files" yaml:"files"`
	Chart    string            `json:"chart" yaml:"chart"`
	Shape    string            `json:"-" yaml:"shape"`
}

type answer struct {
	Output []byte `json:"output"`
	Error  string `json:"error"`
}

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stderr)
	if len(os.Args) > 2 && os.Args[1] == "-answer" {
		for _, name := range os.Args[2:] {
			must(answerFile(name))
		}
		return
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) == 0 {
			if err != nil {
				return
			}
			continue
		}
		var asked probe
		must(json.Unmarshal(line, &asked))
		must(json.NewEncoder(out).Encode(asked.ask()))
	}
}

func (p probe) ask() (given answer) {
	defer func() {
		if failed := recover(); failed != nil {
			given = answer{Error: fmt.Sprintf("panic: %v", failed)}
		}
	}()
	output, err := p.render()
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Output: []byte(output)}
}

func (p probe) render() (string, error) {
	about := "apiVersion: v2\nname: p\nversion: 0.1.0\nappVersion: \"1.0\"\n" + p.Chart
	files := []*loader.BufferedFile{
		{Name: "Chart.yaml", Data: []byte(about)},
		{Name: "values.yaml", Data: []byte(p.Values)},
		{Name: "templates/t.txt", Data: []byte(p.Template)},
	}
	if p.Helpers != "" {
		files = append(files, &loader.BufferedFile{Name: "templates/_h.tpl", Data: []byte(p.Helpers)})
	}
	for name, text := range p.Files {
		files = append(files, &loader.BufferedFile{Name: name, Data: []byte(text)})
	}
	chart, err := loader.LoadFiles(files)
	if err != nil {
		return "", err
	}
	kube, err := chartutil.ParseKubeVersion("v1.33.0")
	if err != nil {
		return "", err
	}
	options := chartutil.ReleaseOptions{Name: "rel", Namespace: "default", Revision: 1, IsInstall: true}
	capabilities := &chartutil.Capabilities{
		KubeVersion: *kube,
		APIVersions: chartutil.DefaultVersionSet,
		HelmVersion: chartutil.DefaultCapabilities.HelmVersion,
	}
	values, err := chartutil.ToRenderValues(chart, map[string]any{}, options, capabilities)
	if err != nil {
		return "", err
	}
	outputs, err := engine.Render(chart, values)
	if err != nil {
		return "", err
	}
	return outputs["p/templates/t.txt"], nil
}

// Writes `expected`, `bytes` or `error` into every row of a file that has no `shape`.
func answerFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var document yaml3.Node
	if err := yaml3.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	root := document.Content[0]
	var shared probe
	if err := root.Decode(&shared); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, row := range member(root, "probes").Content {
		asked := shared
		if err := row.Decode(&asked); err != nil {
			return fmt.Errorf("%s:%d: %w", name, row.Line, err)
		}
		if asked.Shape == "" {
			write(row, asked.ask())
		}
	}
	var out bytes.Buffer
	encoder := yaml3.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o644)
}

func member(of *yaml3.Node, key string) *yaml3.Node {
	for i := 0; i+1 < len(of.Content); i += 2 {
		if of.Content[i].Value == key {
			return of.Content[i+1]
		}
	}
	return &yaml3.Node{}
}

func write(row *yaml3.Node, given answer) {
	kept := row.Content[:0]
	for i := 0; i+1 < len(row.Content); i += 2 {
		switch row.Content[i].Value {
		case "expected", "bytes", "error":
		default:
			kept = append(kept, row.Content[i], row.Content[i+1])
		}
	}
	key, text := "expected", string(given.Output)
	switch {
	case given.Error != "":
		key, text = "error", strings.ToValidUTF8(given.Error, "\uFFFD")
	case !utf8.Valid(given.Output):
		key, text = "bytes", base64.StdEncoding.EncodeToString(given.Output)
	}
	style := yaml3.SingleQuotedStyle
	for _, sign := range text {
		if sign < ' ' || sign >= 0x7f && sign < 0xa0 {
			style = yaml3.DoubleQuotedStyle
		}
	}
	row.Content = append(kept,
		&yaml3.Node{Kind: yaml3.ScalarNode, Value: key},
		&yaml3.Node{Kind: yaml3.ScalarNode, Tag: "!!str", Value: text, Style: style})
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
