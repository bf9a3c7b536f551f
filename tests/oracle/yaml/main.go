// Answers every row of tests/data/yaml-oracle.json with the libraries that Kubernetes and Helm use:
//
//	go run . < ../../data/yaml-oracle.json > new.json && mv new.json ../../data/yaml-oracle.json
//
// To add a case, add a row with its `value` (to write) or its `text` (to read) and run this.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	yaml3 "gopkg.in/yaml.v3"
	"sigs.k8s.io/yaml"
	yaml2 "sigs.k8s.io/yaml/goyaml.v2"
)

type file struct {
	What   string     `json:"what"`
	MadeBy string     `json:"made_by"`
	Write  []writeRow `json:"write"`
	Read   []readRow  `json:"read"`
}

type writeRow struct {
	Value json.RawMessage `json:"value"`
	Text  string          `json:"text"`
	// Set where sigs.k8s.io/yaml loses a character on its way through JSON: then go-yaml v2 wrote it.
	Direct bool `json:"direct,omitempty"`
}

type readRow struct {
	Text string `json:"text"`
	V2   answer `json:"v2"`
	V3   answer `json:"v3"`
}

type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	var cases file
	must(json.NewDecoder(os.Stdin).Decode(&cases))
	cases.MadeBy = madeBy()
	for i := range cases.Write {
		cases.Write[i].answer()
	}
	for i := range cases.Read {
		row := &cases.Read[i]
		row.V2 = read(row.Text, yaml.YAMLToJSON)
		row.V3 = read(row.Text, v3ToJSON)
	}
	print(cases)
}

// answer writes the value; json.Number would change what an integer beyond 53 bits is, so they are made Go's own.
func (row *writeRow) answer() {
	decoder := json.NewDecoder(bytes.NewReader(row.Value))
	decoder.UseNumber()
	var value any
	must(decoder.Decode(&value))
	value = numbers(value)
	text, err := yaml.Marshal(value)
	row.Direct = err != nil || !isSame(text, value)
	if row.Direct {
		text, err = yaml2.Marshal(value)
		must(err)
	}
	row.Text = string(text)
}

func isSame(text []byte, value any) bool {
	want, err := json.Marshal(value)
	must(err)
	got, err := yaml.YAMLToJSON(text)
	return err == nil && bytes.Equal(got, want)
}

func numbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if integer, err := strconv.ParseInt(value.String(), 10, 64); err == nil {
			return integer
		}
		if unsigned, err := strconv.ParseUint(value.String(), 10, 64); err == nil {
			return unsigned
		}
		float, err := value.Float64()
		must(err)
		return float
	case []any:
		for i := range value {
			value[i] = numbers(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = numbers(value[key])
		}
	}
	return value
}

func read(text string, toJSON func([]byte) ([]byte, error)) answer {
	value, err := toJSON([]byte(text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: value}
}

// v3ToJSON brings maps with keys of other types into JSON as the original does: written by v3, read as v2.
func v3ToJSON(text []byte) ([]byte, error) {
	var value any
	if err := yaml3.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	if converted, err := json.Marshal(value); err == nil {
		return converted, nil
	}
	written, err := yaml3.Marshal(value)
	must(err)
	return yaml.YAMLToJSON(written)
}

func madeBy() string {
	info, _ := debug.ReadBuildInfo()
	var parts []string
	for _, module := range info.Deps {
		if strings.Contains(module.Path, "yaml") {
			parts = append(parts, module.Path+" "+module.Version)
		}
	}
	return strings.Join(parts, ", ")
}

// print puts every row on a line of its own.
func print(cases file) {
	fmt.Printf("{\n\"what\": %s,\n\"made_by\": %s,\n\"write\": [\n", line(cases.What), line(cases.MadeBy))
	for i, row := range cases.Write {
		fmt.Print(line(row), separator(i, len(cases.Write)))
	}
	fmt.Print("],\n\"read\": [\n")
	for i, row := range cases.Read {
		fmt.Print(line(row), separator(i, len(cases.Read)))
	}
	fmt.Print("]\n}\n")
}

func separator(index, count int) string {
	if index+1 < count {
		return ",\n"
	}
	return "\n"
}

func line(value any) string {
	text, err := json.Marshal(value)
	must(err)
	return string(text)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
