// What Zigbee2MQTT publishes: its list of devices, and the state of one.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const converters = require("zigbee-herdsman-converters");

// definitions are all that the package has, in the order of their files.
export function definitions() {
  const folder = path.join(path.dirname(require.resolve("zigbee-herdsman-converters")), "devices");
  const all = [];
  for (const file of fs.readdirSync(folder).filter((f) => f.endsWith(".js")).sort()) {
    for (const definition of require(path.join(folder, file)).definitions ?? []) {
      all.push(converters.prepareDefinition(definition));
    }
  }
  return all;
}

// exposesOf are the properties of a definition; some depend on the device.
export function exposesOf(definition, device = { isDummyDevice: true }) {
  return typeof definition.exposes === "function" ? definition.exposes(device, {}) : definition.exposes;
}

// listing is one device in bridge/devices, as publishDevices has it.
export function listing(name, definition, device, address) {
  return {
    ieee_address: address, type: "EndDevice", network_address: 1, supported: true, friendly_name: name, disabled: false,
    model_id: device?.modelID, manufacturer: device?.manufacturerName, power_source: "Battery",
    interview_completed: true, interviewing: false, interview_state: "SUCCESSFUL", endpoints: {},
    definition: {
      source: "native", model: definition.model, vendor: definition.vendor, description: definition.description,
      exposes: exposesOf(definition, device), supports_ota: Boolean(definition.ota), options: definition.options,
    },
  };
}

// What Zigbee2MQTT never keeps in its cache (lib/state.ts).
const neverCached = /^action|^click$|^vibration$|^button$|^update$/;

// published is the payload of a device's state: the cache with what is new, the
// keys in order. The sensor's cache takes the news.
export function published(sensor, news, lastSeen) {
  converters.postProcessConvertedFromZigbeeMessage(sensor.definition, news, {}, sensor.device);
  const message = { ...sensor.state, ...news, last_seen: lastSeen, linkquality: 100 };
  for (const [key, value] of Object.entries(news)) {
    if (!neverCached.test(key)) sensor.state[key] = value;
  }
  return JSON.stringify(Object.fromEntries(Object.keys(message).sort().map((k) => [k, message[k]])));
}
