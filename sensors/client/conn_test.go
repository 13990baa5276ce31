package client

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// sent is what a client reads through the bound when a broker sends these packets.
func sent(t *testing.T, payload int, from ...packets.ControlPacket) []packets.ControlPacket {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		for _, p := range from {
			if p.Write(theirs) != nil {
				return
			}
		}
	}()
	var got []packets.ControlPacket
	in := newBounded(ours, payload)
	for {
		p, err := packets.ReadPacket(in)
		if err != nil {
			if err != io.EOF {
				t.Fatalf("after %d packets: %v", len(got), err)
			}
			return got
		}
		got = append(got, p)
	}
}

func publication(topic string, payload int, id uint16) *packets.PublishPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Qos, p.MessageID, p.Payload = topic, 1, id, bytes.Repeat([]byte("x"), payload)
	return p
}

func TestAHugeMessageIsCutAndWhatFollowsIsHeard(t *testing.T) {
	const limit = 1000
	long := strings.Repeat("t", 60_000)
	for _, c := range []struct {
		name    string
		packet  *packets.PublishPacket
		wantCut bool
	}{
		{"small", publication("a/b", 10, 7), false},
		{"at the limit", publication("a/b", limit, 7), false},
		{"huge", publication("a/b", 3<<20, 7), true},
		{"huge with a long topic", publication(long, 3<<20, 7), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sent(t, limit, packets.NewControlPacket(packets.Pingresp), c.packet, publication("fire", 5, 8))
			if len(got) != 3 {
				t.Fatalf("%d packets heard, want 3", len(got))
			}
			p := got[1].(*packets.PublishPacket)
			if p.TopicName != c.packet.TopicName || p.MessageID != 7 {
				t.Errorf("topic %.20q, id %d", p.TopicName, p.MessageID)
			}
			if cut := len(p.Payload) > limit; cut != c.wantCut || len(p.Payload) > limit+beforePayload+1 {
				t.Errorf("%d bytes of payload with a limit of %d", len(p.Payload), limit)
			}
			if fire := got[2].(*packets.PublishPacket); fire.TopicName != "fire" || string(fire.Payload) != "xxxxx" {
				t.Errorf("after it came %q %q", fire.TopicName, fire.Payload)
			}
		})
	}
}

func TestALengthThatIsNoMQTTIsAnError(t *testing.T) {
	ours, theirs := net.Pipe()
	go theirs.Write([]byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01})
	if _, err := newBounded(ours, 10).Read(make([]byte, 10)); err == nil {
		t.Error("a length of five bytes was accepted")
	}
}
