package influxd

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Query asks the server in Flux by plain HTTP, and gives each row by its columns.
func (s *Server) Query(ctx context.Context, flux string, each func(map[string]string) error) error {
	body, err := json.Marshal(map[string]any{"query": flux, "type": "flux", "dialect": map[string]any{"header": true}})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v2/query?org=", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/csv")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("a question in Flux: %s: %s", response.Status, text)
	}
	return rows(response.Body, each)
}

// rows reads tables in CSV. encoding/csv skips the empty line that ends each; a row whose
// table column is "table" is the header of the next.
func rows(in io.Reader, each func(map[string]string) error) error {
	reader := csv.NewReader(in)
	reader.FieldsPerRecord, reader.Comment = -1, '#' // annotations
	var header []string
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case len(record) < 2:
			continue
		case record[1] == "result" || record[1] == "error":
			header = record
			continue
		case len(header) > 1 && header[1] == "error":
			return fmt.Errorf("a question in Flux: %s", record[1])
		}
		row := make(map[string]string, len(record))
		for i, value := range record {
			if i < len(header) {
				row[header[i]] = value
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
}
