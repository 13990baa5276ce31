package ucare

import "time"

// A Fault is a technical condition: never an alarm, always for a human. What
// it means and what to do about it is looked up by Code in package language.
type Fault struct {
	Code FaultCode `json:"code"`
	// Subject is what is affected: a sensor, a topic, a receiver, a file.
	Subject  string    `json:"subject,omitempty"`
	Dwelling string    `json:"dwelling,omitempty"`
	Since    time.Time `json:"since"`
	// Detail is the offending value or the error, as it came.
	Detail string `json:"detail,omitempty"`
}

// ByOwnMapping stands in the Detail of an unknown value behind what the household's
// own mapping does not have: then the household can say what it means.
const ByOwnMapping = " (own mapping)"

// Key names the condition: a fault that lasts has one key, however often it is seen.
func (f Fault) Key() string {
	return string(f.Code) + "\x00" + f.Dwelling + "\x00" + f.Subject
}

// A FaultCode names a technical condition.
type FaultCode string

// The faults.
const (
	FaultNotUnderstood   FaultCode = "not_understood"    // a message that no decoder can read
	FaultUnknownTopic    FaultCode = "unknown_topic"     // a topic that belongs to no known sensor
	FaultUnknownDevice   FaultCode = "unknown_device"    // a device that bridge/devices does not describe
	FaultUnknownValue    FaultCode = "unknown_value"     // a property with a value that its table does not have
	FaultTooLarge        FaultCode = "message_too_large" // a message over the size limit was refused
	FaultOldHelp         FaultCode = "old_help_press"    // a help press of unknown age was heard on connecting
	FaultSensorClock     FaultCode = "sensor_clock"      // a reading from the future
	FaultClockJump       FaultCode = "clock_jump"        // the gateway's clock was set
	FaultBattery         FaultCode = "battery_low"
	FaultTamper          FaultCode = "tamper"
	FaultMains           FaultCode = "mains_lost"
	FaultUnreachable     FaultCode = "sensor_unreachable"
	FaultBridge          FaultCode = "bridge_offline"   // a bridge (Zigbee2MQTT, Z-Wave JS …) is not connected
	FaultBridgeSettings  FaultCode = "bridge_settings"  // a bridge does not tell what we need to notice a dead sensor
	FaultDevicesLost     FaultCode = "devices_lost"     // a bridge lists none of the sensors that it had
	FaultRadio           FaultCode = "radio_dead"       // a bridge speaks, but none of its sensors has been heard
	FaultSilent          FaultCode = "sensor_silent"    // nothing came from a sensor for longer than it ever was quiet
	FaultNeverTriggers   FaultCode = "never_triggers"   // a motion sensor lives but sees nobody while its neighbours do
	FaultStuck           FaultCode = "sensor_stuck"     // a contact stays active for longer than can be true
	FaultTrouble         FaultCode = "sensor_trouble"   // a sensor says of itself that it does not work as it should
	FaultHomeQuiet       FaultCode = "home_quiet"       // nothing at all came from a home
	FaultNotSupervised   FaultCode = "not_supervised"   // what a sensor says cannot be evaluated
	FaultNeedsMapping    FaultCode = "needs_mapping"    // only the household can tell what a sensor's values mean
	FaultNoHeartbeat     FaultCode = "no_heartbeat"     // a sensor speaks so rarely that nobody would notice its death
	FaultNotTested       FaultCode = "not_tested"       // no live test press of a detector or button was ever seen
	FaultFlood           FaultCode = "message_flood"    // a device sends so much that it is held back
	FaultRefused         FaultCode = "access_refused"   // a client with wrong credentials, or a topic it may not use
	FaultBrokerDown      FaultCode = "broker_down"      // the household's MQTT broker is not reachable
	FaultBrokerDeaf      FaultCode = "broker_deaf"      // connected, but the canary does not come back
	FaultJournal         FaultCode = "journal_refuses"  // the disk takes nothing; alarms go out from memory
	FaultJournalReplaced FaultCode = "journal_replaced" // the journal was corrupt and was moved aside
	FaultDisk            FaultCode = "disk_full"        // the ballast was given up
	FaultReceiver        FaultCode = "receiver_failing" // a centre does not take our reports
	FaultNoAnswer        FaultCode = "no_answer"        // nobody has acknowledged an alarm in time
	FaultHistory         FaultCode = "history_failing"  // readings cannot be written to the history
	FaultHistoryGap      FaultCode = "history_gap"      // readings are missing in the history for good
	FaultPage            FaultCode = "page_unavailable" // a page or the local listener cannot be served
)
