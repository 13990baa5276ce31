package homeassistant

// The keys of an announcement that are read here, by their short forms; an emitter may
// write either. Facts from home-assistant/core, components/mqtt/abbreviations.py (2025); what
// only concerns lamps, locks and the like is left out.
var abbreviations = map[string]string{
	"atype": "automation_type", "avty": "availability", "avty_mode": "availability_mode", "avty_t": "availability_topic",
	"avty_tpl": "availability_template", "cmps": "components", "def_ent_id": "default_entity_id", "dev": "device",
	"dev_cla": "device_class", "e": "encoding", "en": "enabled_by_default", "ent_cat": "entity_category", "evt_typ": "event_types",
	"exp_aft": "expire_after", "json_attr_t": "json_attributes_topic", "migr_discvry": "migrate_discovery", "o": "origin",
	"obj_id": "object_id", "off_dly": "off_delay", "ops": "options", "p": "platform", "pl": "payload", "pl_avail": "payload_available",
	"pl_not_avail": "payload_not_available", "pl_off": "payload_off", "pl_on": "payload_on", "stat_cla": "state_class",
	"stat_t": "state_topic", "stype": "subtype", "t": "topic", "uniq_id": "unique_id", "unit_of_meas": "unit_of_measurement",
	"val_tpl": "value_template",
}

// deviceAbbreviations are those inside "device".
var deviceAbbreviations = map[string]string{
	"cns": "connections", "cu": "configuration_url", "hw": "hw_version", "ids": "identifiers", "mdl": "model",
	"mdl_id": "model_id", "mf": "manufacturer", "sa": "suggested_area", "sn": "serial_number", "sw": "sw_version",
}

// shared are the keys that the components of a device have from it, unless they
// have their own.
var shared = []string{
	"availability", "availability_mode", "availability_template", "availability_topic", "payload_available",
	"payload_not_available", "state_topic", "encoding", "device", "origin",
}

// writeOut replaces the short forms of keys.
func writeOut(o map[string]any, by map[string]string) {
	for short, long := range by {
		v, has := o[short]
		if !has {
			continue
		}
		delete(o, short)
		if _, both := o[long]; !both {
			o[long] = v
		}
	}
}
