package homeassistant

import (
	"strings"
	"testing"
	"time"
)

func TestTemplates(t *testing.T) {
	for _, c := range []struct{ template, message, want string }{
		// What emitters write.
		{`{{ value }}`, "ON", "ON"},
		{`{{ value_json.a.b }}`, `{"a":{"b":true}}`, "True"},
		{`{{ value_json["a b"] }}`, `{"a b":1.50}`, "1.5"},
		{`{{value_json.list[0]["x"]}}`, `{"list":[{"x":7}]}`, "7"},
		{`{{ value_json.smoke | is_defined }}`, `{"smoke":false}`, "False"},
		{`{{ value_json["battery"] | default("") }}`, `{"battery":80}`, "80"},
		{`{{ value_json.state | default('offline') | lower }}`, `{}`, "offline"},
		{`{{ value_json.a.b | default(0) }}`, `{}`, "0"},
		{`{{ "offline" }}`, "whatever", "offline"},
		{`{%if value_json.motion%}ON{%else%}OFF{%endif%}`, `{"motion":true}`, "ON"},
		{`{%if value_json.motion%}ON{%else%}OFF{%endif%}`, `{"motion":false}`, "OFF"},
		{`{% if value_json.s == 1 %}ON{% elif value_json.s == 0 %}OFF{% else %}None{% endif %}`, `{"s":0}`, "OFF"},
		{`{{ float(value) * 99 + 1 }}`, "1", "100.0"},
		{`{{ ((value|float*100)|round(0))|int }}`, "0.456", "46"},
		{`{{ (value_json.t | float - 32) / 1.8 }}`, `{"t":"50"}`, "10.0"},
		{`{{ 'ON' if value_json.level > 5 else 'OFF' }}`, `{"level":9}`, "ON"},
		{`{{ iif(value_json.open == 1, 'ON', 'OFF') }}`, `{"open":1}`, "ON"},
		{`{{ value_json.state in ['mild','heavy'] }}`, `{"state":"heavy"}`, "True"},
		{`{{ value_json.get('x', 'none') }}`, `{}`, "none"},
		{`{{ value.split(',')[1] | trim }}`, "a, b", "b"},
		{`{{ value | replace('alarm_','') | upper }}`, "alarm_on", "ON"},
		{`{{ value | regex_replace('[0-9]+', '') }}`, "on12", "on"},
		{`{{ value | regex_match('on') }}`, "onset", "True"},
		{`{{ value is search('set$') }}`, "onset", "True"},
		{`{% set v = value | int %}{{ v + 1 }}`, "2", "3"},
		{`{{ value | bool }}`, "off", "False"},
		{`{{ value_json is defined }}`, "5", "True"},
		{`{{ value_json.a is none }}`, `{"a":null}`, "True"},
		{`{{ value_json.a is defined }}`, `{}`, "False"},
		{`{{ value_json.event | to_json }}`, `{"event":{"event_type":"press","n":null}}`, `{"event_type":"press","n":null}`},
		{`{{ None }}`, "x", ""},
		// True is 1 in Python, and a text is no number.
		{`{{ 'ON' if value_json.s == 1 else 'OFF' }}`, `{"s":true}`, "ON"},
		{`{{ 'ON' if value_json.s == true else 'OFF' }}`, `{"s":1}`, "ON"},
		{`{{ 'OFF' if value_json.s != 1 else 'ON' }}`, `{"s":true}`, "ON"},
		{`{{ 'ON' if value_json.s in [1, 'alarm'] else 'OFF' }}`, `{"s":true}`, "ON"},
		{`{{ 'OFF' if value_json.s not in (1, 'alarm') else 'ON' }}`, `{"s":true}`, "ON"},
		{`{{ 'ON' if value_json.s is eq 1 else 'OFF' }}`, `{"s":true}`, "ON"},
		{`{{ 'ON' if 1 in value_json.l else 'OFF' }}`, `{"l":[null,true]}`, "ON"},
		{`{{ value_json.s == '1' }} {{ value_json.s == 1.0 }} {{ 9007199254740993 == 9007199254740992 }}`, `{"s":1}`, "False True False"},
		{`{{ 'b' in value }} {{ 'k' in value_json }} {{ ['a', [1, 'b']] }} {{ (3, 4)[1] }}`, `{"k":"b"}`, "True True ['a', [1, 'b']] 4"},
		{`{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 3 }} {{ "a" ~ 1 }}`, "", "3 3 8 a1"},
	} {
		if got, err := render(c.template, c.message); got != c.want || err != nil {
			t.Errorf("%s of %s is %q (%v), want %q", c.template, c.message, got, err, c.want)
		}
	}
}

func render(source, message string) (string, error) {
	compiled, err := compile(source)
	if err != nil {
		return "", err
	}
	return compiled.run(say([]byte(message)))
}

// What a message does not say must never come out as a word such as OFF.
func TestTemplatesDoNotInvent(t *testing.T) {
	for _, c := range []struct{ template, message string }{
		{`{{ value_json.smoke }}`, `{}`},
		{`{{ value_json.smoke }}`, `{"smoke":null}`},
		{`{{ value_json.smoke }}`, `nonsense`},
		{`{{ value_json.smoke }}`, `{"smoke":true} {"smoke":false}`},
		{`{%if value_json.smoke%}ON{%else%}OFF{%endif%}`, `{}`},
		{`{%if value_json.smoke%}ON{%else%}OFF{%endif%}`, `{"smoke":null}`},
		{`{{ 'ON' if value_json.smoke else 'OFF' }}`, `{}`},
		{`{{ 'ON' if not value_json.smoke else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.smoke > 5 else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.smoke > 5 else 'OFF' }}`, `{"smoke":null}`},
		{`{{ 'ON' if value_json.smoke == 'alarm' else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.smoke and value_json.on else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.smoke in ['a'] else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.smoke is true else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.smoke is number else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.smoke is none else 'OFF' }}`, `{}`},
		{`{{ iif(value_json.smoke, 'ON', 'OFF') }}`, `{}`},
		{`{{ value_json.smoke | iif('ON', 'OFF') }}`, `{"smoke":null}`},
		{`{{ 'ON' if value_json.get('smoke') else 'OFF' }}`, `{}`},
		{`{{ 'ON' if value_json.list[3] else 'OFF' }}`, `{"list":[]}`},
		{`{{ 'ON' if value_json.list['x'] else 'OFF' }}`, `{"list":[]}`},
		{`{{ 'ON' if value_json.list == 'x' else 'OFF' }}`, `{"list":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`},
		{`{{ 'ON' if 1 in [value_json.smoke, 2] else 'OFF' }}`, `{}`},
		{`{{ 'ON' if 1 == value_json.smoke else 'OFF' }}`, `{"smoke":null}`},
		{`{% set s = value_json.smoke %}{{ 'ON' if s else 'OFF' }}`, `{}`},
		{`{{ value_json.smoke | default('OFF') }}`, `{"smoke":null}`},
	} {
		got, err := render(c.template, c.message)
		if err == nil || !isUnknown(err) || got != "" {
			t.Errorf("%s of %s is %q, %v", c.template, c.message, got, err)
		}
	}
	if _, err := render(`{{ value_json.smoke | is_defined }}`, `{}`); err != errNotSaid {
		t.Errorf("is_defined: %v", err)
	}
}

// What is an error in Python is one here, and is told to be the template's.
func TestTemplatesThatCannotBeEvaluated(t *testing.T) {
	for _, c := range []struct{ template, message, want string }{
		{`{{ 'ON' if value > 5 else 'OFF' }}`, "10", "cannot compare"},
		{`{{ value | int }}`, "unavailable", "no whole number"},
		{`{{ value * 3 }}`, "x", "not both are numbers"},
		{`{{ 1 / 0 }}`, "", "gives no number"},
		{`{{ 1 % 0 }}`, "", "gives no number"},
		{`{{ 'OFF' if 0 <= value_json.level < 5 else 'ON' }}`, `{"level":9}`, "two things at a time"},
		{`{{ 'ON' if 'x' in value_json.s else 'OFF' }}`, `{"s":1}`, "cannot look for"},
		{`{{ 'ON' if 1 in '123' else 'OFF' }}`, "", "cannot look for"},
		{`{{ states('binary_sensor.x') }}`, "", `function "states"`},
		{`{{ value | timestamp_custom('%H') }}`, "1", `filter "timestamp_custom"`},
		{`{{ value is prime }}`, "1", `test "prime"`},
		{`{{ valu }}`, "1", `name "valu"`},
		{`{{ value }`, "1", "expected"},
		{`{% if value %}ON`, "1", ""},
		{`{{ value.encode() }}`, "1", "unknown method"},
	} {
		got, err := render(c.template, c.message)
		if err == nil || isUnknown(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s of %s is %q, %v, want the error %q", c.template, c.message, got, err, c.want)
		}
	}
}

func TestATemplateIsBounded(t *testing.T) {
	double := `{% set x = value ~ value %}` + strings.Repeat(`{% set x = x ~ x %}`, 100) + `{{ x }}`
	for name, source := range map[string]string{
		"a long loop":         `{% for i in range(1000000000) %}x{% endfor %}`,
		"a loop in a loop":    `{% for i in value_json %}{% for j in value_json %}x{% endfor %}{% endfor %}`,
		"a file":              `{% include "/etc/passwd" %}`,
		"another template":    `{% extends "base" %}`,
		"an import":           `{% import "/etc/passwd" as p %}`,
		"a macro":             `{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}`,
		"a long text":         `{{ "x" * 1000000000 }}`,
		"a growing text":      double,
		"replacing":           `{{ "` + strings.Repeat("a", 500) + `" | replace("a", "` + strings.Repeat("b", 500) + `") }}`,
		"replacing by regex":  `{{ "` + strings.Repeat("a", 500) + `" | regex_replace("", "` + strings.Repeat("b", 500) + `") }}`,
		"padding":             `{{ "%1000000000d" | format(1) }}`,
		"a big power":         `{{ 10 ** 1000 }}`,
		"a long template":     strings.Repeat("{{ value }}", 1000),
		"deep brackets":       "{{" + strings.Repeat("(", 1500) + "1" + strings.Repeat(")", 1500) + "}}",
		"deep lists":          "{{" + strings.Repeat("[", 1500) + "1" + strings.Repeat("]", 1500) + "}}",
		"a lot of text":       strings.Repeat("{{ value }}", 300),
		"a huge regex":        `{{ value | regex_match("(((a{1000}){1000}){1000})") }}`,
		"a growing list":      `{% set x = [1, 1] %}` + strings.Repeat(`{% set x = [x, x] %}`, 60) + `{{ x }}`,
		"two growing lists":   `{% set x = [1] %}{% set y = [1] %}` + strings.Repeat(`{% set x = [x, x] %}{% set y = [y, y] %}`, 60) + `{{ x == y }}`,
		"a growing tuple":     `{% set x = (1, 1) %}` + strings.Repeat(`{% set x = (x, x) %}`, 60) + `{{ x | to_json }}`,
		"a list of texts":     `{{ [` + strings.Repeat(`value,`, 300) + `1] }}`,
		"a slow regex":        `{{ value | regex_search("` + strings.Repeat(`(.?){1000}`, 15) + `b$") }}`,
		"a long regex":        `{{ value | regex_search(value) }}`,
		"a slow regex test":   `{{ value is search("` + strings.Repeat(`(.?){1000}`, 15) + `b$") }}`,
		"a slow replacing":    `{{ value | regex_replace("` + strings.Repeat(`(.?){1000}`, 15) + `b$", "") }}`,
		"a slow finding":      `{{ value | regex_findall_index("` + strings.Repeat(`(.?){1000}`, 15) + `b$") }}`,
		"a long row of keys":  `{{ value_json` + strings.Repeat(".a", 1900) + ` }}`,
		"a long sum":          `{{ 1` + strings.Repeat("+1", 1900) + ` }}`,
		"a text at every set": `{% set x = value %}` + strings.Repeat(`{% set x = x | replace("a", "aaaaaaaa") %}`, 60),
	} {
		began := time.Now()
		got, err := render(source, strings.Repeat("a", 1000))
		if err == nil || len(got) > maxText || isUnknown(err) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// A message that is too long for a template is a fault, and so costs no time.
func TestTemplatesReadNoHugeMessage(t *testing.T) {
	if got, err := render(`{{ value_json == value_json }}`, "["+strings.Repeat("1,", maxMessage/2)+"1]"); err == nil || isUnknown(err) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestCompiledTemplatesAreFew(t *testing.T) {
	c := compiledTemplates{}
	for i := range 3 * maxCompiled {
		if _, err := c.of(`{{ value }}` + strings.Repeat(" ", i%(maxTemplate-20)) + strings.Repeat("x", i/(maxTemplate-20))); err != nil {
			t.Fatal(err)
		}
	}
	if len(c) > maxCompiled {
		t.Errorf("%d are kept", len(c))
	}
	a, _ := c.of("{{ value }}")
	if b, _ := c.of("{{ value }}"); a != b {
		t.Error("the same template is compiled twice")
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{{ value_json.a["b"] | default("x") }}`, `{%if value_json.motion%}ON{%else%}OFF{%endif%}`, `{{ float(value) * 99 + 1 }}`,
		`{% set x = value ~ "a" %}{{ x[1:] | regex_replace("a+", "b") | upper }}`, `{{ iif(value_json.a is none, 1, [2, 3]) }}`, `{{ value.split(",")[0] }}`,
	} {
		f.Add(seed, `{"a":{"b":1},"motion":true}`)
	}
	f.Fuzz(func(t *testing.T, source, message string) {
		began := time.Now()
		got, err := render(source, message)
		if len(got) > maxText || err != nil && got != "" {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%q took %v", source, took)
		}
	})
}
