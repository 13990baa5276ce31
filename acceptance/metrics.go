package acceptance

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Metric is the value of a metric of the running gateway, named with its labels as on
// /metrics.
func (p *Place) Metric(name string) (float64, error) {
	response, err := http.Get("http://" + p.Local + "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if value, is := strings.CutPrefix(lines.Text(), name+" "); is {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.Join(lines.Err(), fmt.Errorf("the gateway's metrics have no %s", name))
}

// Memory is what the process has in memory, in bytes; 0 where nobody tells.
func (p *Process) Memory() int64 { return Memory(p.cmd.Process.Pid) }

// Memory is what a process has in memory, in bytes; 0 where nobody tells.
func Memory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
