package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// typing runs the program with somebody at the keyboard.
func typing(t *testing.T, typed string, args ...string) (code int, out string) {
	t.Helper()
	root := newRoot()
	root.SetArgs(args)
	var all bytes.Buffer
	root.SetIn(strings.NewReader(typed))
	root.SetOut(&all)
	root.SetErr(&all)
	if err := root.ExecuteContext(t.Context()); err != nil {
		return 1, all.String() + err.Error()
	}
	return 0, all.String()
}

// naming lists the files of a directory that have a text in them.
func naming(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestErasingAsksFirstAndLeavesARecord(t *testing.T) {
	config, data := gatewayOf(t, "kimhouse", "parkhouse")
	livedIn(t, data, "kimhouse", "parkhouse")()
	erase := []string{"erase", "--config", config, "--dwelling", "kimhouse", "--by", "the daughter", "--language", "en"}
	if code, out := typing(t, "", erase...); code != 1 || !strings.Contains(out, "1 alarms of kimhouse are open") {
		t.Errorf("an open alarm: code %d, %s", code, out)
	}
	erase = append(erase, "--even-open")
	for typed, want := range map[string]string{"kim\n": `"kim" is not "kimhouse"`, "": "nobody typed"} {
		code, out := typing(t, typed, erase...)
		if code != 1 || !strings.Contains(out, want) || !strings.Contains(out, "nothing was erased") || !strings.Contains(out, "Readings: 58") || !strings.Contains(out, "Alarms: 2") {
			t.Errorf("%q: code %d, %s", typed, code, out)
		}
	}
	if len(naming(t, data, "kimhouse")) == 0 {
		t.Fatal("it was erased before somebody agreed")
	}
	code, out := typing(t, "kimhouse\n", erase...)
	if code != 0 || !strings.Contains(out, "Readings: 58 before, 0 after") || !strings.Contains(out, "Alarms: 2 before, 0 after") ||
		!strings.Contains(out, "Everything was erased.") || !strings.Contains(out, "Erased by: the daughter") {
		t.Fatalf("code %d, %s", code, out)
	}
	if found := naming(t, data, "kimhouse"); len(found) > 0 {
		t.Errorf("the home is still in %v", found)
	}
	if len(naming(t, data, "parkhouse")) == 0 {
		t.Error("the neighbour is erased, too")
	}
	records, _ := filepath.Glob(filepath.Join(data, "erasures", "*"))
	if len(records) != 2 {
		t.Fatalf("the records are %v, want one that is signed and one to be read", records)
	}
	readable, err := os.ReadFile(records[1])
	if err != nil || !strings.Contains(string(readable), "개인정보 삭제 확인서") || !strings.Contains(string(readable), "Record of an erasure") {
		t.Errorf("%s: %s, %v", records[1], readable, err)
	}
	code, out = typing(t, "", "erase", "--verify", records[0], "--config", config, "--language", "en")
	if code != 0 || !strings.Contains(out, "as it was signed") || !strings.Contains(out, "key of this gateway") {
		t.Errorf("code %d, %s", code, out)
	}
	stranger, _ := gatewayOf(t, "kimhouse")
	if code, out := typing(t, "", "erase", "--verify", records[0], "--config", stranger, "--language", "en"); code != 1 || !strings.Contains(out, "NOT signed with the key of this gateway") {
		t.Errorf("the key of another gateway: code %d, %s", code, out)
	}
	signed, err := os.ReadFile(records[0])
	if err != nil {
		t.Fatal(err)
	}
	forged := writeFile(t, "record.json", strings.Replace(string(signed), "the daughter", "the neighbour", 1))
	if code, out := typing(t, "", "erase", "--verify", forged); code != 1 || !strings.Contains(out, "not as it was signed") {
		t.Errorf("a forged record: code %d, %s", code, out)
	}
}

func TestErasingTwiceFindsNothingMore(t *testing.T) {
	config, data := gatewayOf(t, "kimhouse")
	livedIn(t, data, "kimhouse")()
	erase := []string{"erase", "--config", config, "--dwelling", "kimhouse", "--by", "x", "--yes", "--even-open", "--language", "ko"}
	if code, out := typing(t, "", erase...); code != 0 || !strings.Contains(out, "경보: 삭제 전 2건, 삭제 후 0건") {
		t.Fatalf("code %d, %s", code, out)
	}
	for _, text := range []string{"kimhouse", "cmd|", "주방"} {
		if found := naming(t, data, text); len(found) > 0 {
			t.Errorf("%q is still in %v", text, found)
		}
	}
	if code, out := typing(t, "", erase...); code != 0 || !strings.Contains(out, "경보: 삭제 전 0건, 삭제 후 0건") {
		t.Errorf("code %d, %s", code, out)
	}
	says(t, "import", "--config", config, writeFile(t, "kim.jsonl", strings.ReplaceAll(smoking, "kim", "kimhouse"))) // and the home can begin afresh
}

func TestAMistypedIDErasesNothing(t *testing.T) {
	config, data := gatewayOf(t, "kimhouse")
	livedIn(t, data, "kimhouse")()
	before := says(t, "export", "--config", config)
	code, out := typing(t, "", "erase", "--config", config, "--dwelling", "kimhouze", "--by", "x", "--yes")
	if code != 1 || !strings.Contains(out, `nothing is known of a dwelling "kimhouze"`) {
		t.Errorf("code %d, %s", code, out)
	}
	if after := says(t, "export", "--config", config); linesOf(before, "reading") != linesOf(after, "reading") || linesOf(before, "alarm") != linesOf(after, "alarm") {
		t.Error("something is gone")
	}
}

func TestErasingRefusesWhatMakesNoSense(t *testing.T) {
	config, data := gatewayOf(t, "kim")
	for want, args := range map[string][]string{
		"say whom and who":           {"--dwelling", "kim"},
		"say whom":                   {"--by", "x"},
		"no gateway has kept":        {"--dwelling", "kim", "--by", "x"},
		"the record cannot be read":  {"--verify", filepath.Join(data, "missing")},
		"is no record of an erasure": {"--verify", writeFile(t, "x.json", "{}")},
	} {
		if code, out := typing(t, "", append([]string{"erase", "--config", config}, args...)...); code != 1 || !strings.Contains(out, want) {
			t.Errorf("%v: code %d, %s", args, code, out)
		}
	}
}
