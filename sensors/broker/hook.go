package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

const (
	// maxRetained bounds how many topics the broker keeps a message for.
	maxRetained = 5_000
	// afterWrongPassword makes guessing slow.
	afterWrongPassword = 500 * time.Millisecond
)

// hook is where the server asks us.
type hook struct {
	mqtt.HookBase
	access  access
	inbox   sensors.Inbox
	server  *mqtt.Server
	timeout time.Duration
	limit   uint32
	faults  func(ucare.Fault)
	cleared func(ucare.Fault)
	log     *slog.Logger
	closing atomic.Bool
	refused *refusals

	mu       sync.Mutex
	tooLarge map[string]bool // client ids that sent too much and nothing since
}

func newHook(c Config, devices access, inbox sensors.Inbox, server *mqtt.Server, logger *slog.Logger) *hook {
	h := &hook{
		access: devices, inbox: inbox, server: server, timeout: c.CommitTimeout, limit: c.MaxPacketBytes,
		faults: c.Faults, cleared: c.Cleared, log: logger, tooLarge: map[string]bool{},
	}
	if h.faults == nil {
		h.faults = func(ucare.Fault) {}
	}
	if h.cleared == nil {
		h.cleared = func(ucare.Fault) {}
	}
	h.refused = newRefusals(h.faults, h.cleared)
	return h
}

// ID names the hook.
func (h *hook) ID() string { return "ucare" }

// Init and Stop implement mqtt.Hook.
func (h *hook) Init(any) error { return nil }
func (h *hook) Stop() error    { return nil }

// SetOpts implements mqtt.Hook.
func (h *hook) SetOpts(*slog.Logger, *mqtt.HookOptions) {}

// Provides says which of the hook's methods the server shall call.
func (h *hook) Provides(b byte) bool {
	switch b {
	case mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish, mqtt.OnWill, mqtt.OnSubscribed, mqtt.OnPacketProcessed, mqtt.OnDisconnect:
		return true
	default:
		return false
	}
}

// OnPublish commits the message before the server acknowledges it. If that
// fails the server must not go on: only ErrRejectPacket makes it stop, after any other
// error it acknowledges the message to a 3.1.1 client all the same. And since such
// a client sends again only after it connected again, its connection ends.
func (h *hook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil // an announcement of our own
	}
	if !may(h.access[string(cl.Properties.Username)].publish, pk.TopicName) {
		return pk, packets.CodeSuccessIgnore // acknowledged, and nothing more: see OnACLCheck
	}
	err := h.commit(sensors.Message{
		At: time.Now(), Source: "broker:" + cl.ID, Topic: pk.TopicName, Payload: pk.Payload,
		QoS: pk.FixedHeader.Qos, Duplicate: pk.FixedHeader.Dup,
		// Retained stays false: the retain flag of a publish asks us to keep it, and is not old news.
	})
	if err != nil {
		h.log.Error("message not committed, client disconnected so that it sends it again", "client", cl.ID, "topic", pk.TopicName, "error", err)
		cl.Stop(packets.ErrServerUnavailable)
		return pk, packets.ErrRejectPacket
	}
	h.clearTooLarge(cl)
	if pk.FixedHeader.Retain && h.retainedIsFull(pk) {
		pk.FixedHeader.Retain = false
	}
	return pk, nil
}

func (h *hook) commit(m sensors.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), h.timeout)
	defer cancel()
	return h.inbox.Commit(ctx, m)
}

func (h *hook) retainedIsFull(pk packets.Packet) bool {
	if len(pk.Payload) == 0 || h.server.Topics.Retained.Len() < maxRetained {
		return false
	}
	_, already := h.server.Topics.Retained.Get(pk.TopicName)
	return !already
}

// OnWill commits a client's last will, which does not pass OnPublish. There is
// nobody to send it again, so a refusal is a fault. While the broker itself closes, or
// when the same client has just connected anew, nothing happened to the client.
func (h *hook) OnWill(cl *mqtt.Client, will mqtt.Will) (mqtt.Will, error) {
	if h.closing.Load() || errors.Is(cl.StopCause(), packets.ErrSessionTakenOver) {
		return will, nil
	}
	err := h.commit(sensors.Message{
		At: time.Now(), Source: "broker:" + cl.ID, Topic: will.TopicName, Payload: will.Payload, QoS: will.Qos,
	})
	if err != nil {
		h.faults(h.fault(cl, ucare.FaultJournal, fmt.Sprintf("the last will of %s on %q is lost: %v", cl.ID, will.TopicName, err)))
	}
	return will, nil
}

// OnConnectAuthenticate decides whether a client may come in: by name and
// password, under a client id of its own, with a will it may publish.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	d, ok := h.access.authenticate(string(pk.Connect.Username), string(pk.Connect.Password))
	if !ok {
		time.Sleep(afterWrongPassword)
		return h.refuse(cl, h.wrongPassword(cl))
	}
	if pk.Connect.ClientIdentifier == "" {
		// The server makes up an id for a client that keeps no session. It shall be the user's too.
		cl.ID = d.id + "-" + cl.ID
		cl.Properties.Props.AssignedClientID = cl.ID
	} else if h.access.owner(cl.ID) != d.id {
		return h.refuse(cl, h.notItsClientID(cl, d))
	}
	if will := cl.Properties.Will; will.Flag != 0 && !may(d.publish, will.TopicName) {
		return h.refuse(cl, fmt.Sprintf("last will on topic %q, which it may not publish on", will.TopicName))
	}
	cl.Properties.Will.WillDelayInterval = 0 // a will is told at once, and through OnWill
	h.refused.letIn(d.id, cl.ID, time.Now())
	h.refused.letIn(host(cl), "", time.Now()) // whoever could not spell its name there can now, or is refused again
	return true
}

// notItsClientID tells what to do about a client id that is not the device's own.
func (h *hook) notItsClientID(cl *mqtt.Client, d device) string {
	set := fmt.Sprintf("client id %q: set it in the device to %q or to something that begins with %q", cl.ID, d.id, d.id+"-")
	if other := h.access.owner(cl.ID); other != "" {
		return fmt.Sprintf("%s; this one is for %q only, so that nobody can take over another's session", set, other)
	}
	return fmt.Sprintf("%s; or, where it cannot be set, give %q client_id: %q in sensors.broker.devices (a * at its end stands for any ending)", set, d.id, cl.ID)
}

// wrongPassword tells which account was tried, and from where. A name that nobody
// has is not repeated: it may be somebody's password in the wrong place.
func (h *hook) wrongPassword(cl *mqtt.Client) string {
	if d, known := h.access[string(cl.Properties.Username)]; known {
		return fmt.Sprintf("wrong password for %q, from %s", d.id, host(cl))
	}
	return fmt.Sprintf("a user name that nobody in sensors.broker.devices has, from %s", host(cl))
}

// refuse reports why a client is not let in.
func (h *hook) refuse(cl *mqtt.Client, why string) bool {
	h.log.Warn("client refused", "client", cl.ID, "user", string(cl.Properties.Username), "remote", cl.Net.Remote, "why", why)
	h.refused.notLetIn(h.fault(cl, ucare.FaultRefused, ""), why, time.Now())
	return false
}

// OnACLCheck decides whether a client may publish on the topic, or subscribe to
// the filter and receive the topic. The server cuts off a 3.1.1 client whose QoS 1
// publication is refused here, and such a client connects and sends it again, for ever,
// so that nothing of it is heard. It has to be let through to OnPublish, which has
// it acknowledged and dropped. A client of version 5 is told, and stays.
func (h *hook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	d := h.access[string(cl.Properties.Username)]
	if !write {
		return may(d.subscribe, topic)
	}
	if may(d.publish, topic) {
		return true
	}
	if h.refused.said(h.fault(cl, ucare.FaultRefused, ""), cl.ID, topic, time.Now()) {
		h.log.Warn("publication refused, the client may not use that topic", "client", cl.ID, "topic", topic)
	}
	return cl.Properties.ProtocolVersion < 5
}

// OnSubscribed logs the filters that were refused. The client is told so too, and is
// heard as before: many ask for more than they need, such as a group's commands.
func (h *hook) OnSubscribed(cl *mqtt.Client, pk packets.Packet, reasons []byte) {
	for i, f := range pk.Filters {
		if i < len(reasons) && reasons[i] >= packets.ErrUnspecifiedError.Code {
			h.log.Warn("subscription refused, the client may not use that filter", "client", cl.ID, "filter", f.Filter)
		}
	}
}

// OnPacketProcessed ends the fault of a client that does no more what it may not.
func (h *hook) OnPacketProcessed(cl *mqtt.Client, _ packets.Packet, err error) {
	if err == nil {
		h.refused.heard(string(cl.Properties.Username), cl.ID, time.Now())
	}
}

// OnDisconnect reports a client that was cut off for a packet over the limit.
func (h *hook) OnDisconnect(cl *mqtt.Client, err error, _ bool) {
	if !errors.Is(err, packets.ErrPacketTooLarge) {
		return
	}
	h.mu.Lock()
	h.tooLarge[cl.ID] = true
	h.mu.Unlock()
	why := fmt.Sprintf("a packet of more than %d bytes; the client was disconnected", h.limit)
	h.log.Warn("packet too large", "client", cl.ID, "remote", cl.Net.Remote, "limit", h.limit)
	h.faults(ucare.Fault{Code: ucare.FaultTooLarge, Subject: cl.ID, Dwelling: h.dwelling(cl), Since: time.Now(), Detail: why})
}

// clearTooLarge ends the fault once the client sends what it may.
func (h *hook) clearTooLarge(cl *mqtt.Client) {
	h.mu.Lock()
	was := h.tooLarge[cl.ID]
	delete(h.tooLarge, cl.ID)
	h.mu.Unlock()
	if was {
		h.cleared(ucare.Fault{Code: ucare.FaultTooLarge, Subject: cl.ID, Dwelling: h.dwelling(cl), Since: time.Now()})
	}
}

func (h *hook) dwelling(cl *mqtt.Client) string {
	return h.access[string(cl.Properties.Username)].dwelling
}

// fault is about the device, or about the address where that is nobody we know:
// a made-up name must not fill the list of faults.
func (h *hook) fault(cl *mqtt.Client, code ucare.FaultCode, detail string) ucare.Fault {
	f := ucare.Fault{Code: code, Since: time.Now(), Detail: detail, Dwelling: h.dwelling(cl)}
	if d, known := h.access[string(cl.Properties.Username)]; known {
		f.Subject = d.id
	} else {
		f.Subject = host(cl)
	}
	return f
}

// host is the address that the client comes from.
func host(cl *mqtt.Client) string {
	host, _, err := net.SplitHostPort(cl.Net.Remote)
	if err != nil {
		return cl.Net.Remote
	}
	return host
}
