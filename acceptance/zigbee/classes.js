// Scenes of whole classes of devices: what each device can hear by radio is tried on
// it. What is expected follows from the message, not from the property's value.
import { exposesOf } from "./bridge.js";
import { changed, meant } from "./expect.js";
import { datapoint } from "./radio.js";
import { commands } from "./scenes.js";

const zoneBits = [
  ["the first alarm", 0b0001], ["the second alarm", 0b0010], ["opened", 0b0100], ["battery low", 0b1000],
  ["a test press", 0b1_0000_0000],
];

// Devices whose alarm bit means the harmless state, so that their converter turns it once more.
const inverted = ["HS-SEDR00ZB-VNM"];

// classSteps yields the messages of a device by what its converters hear.
export async function* classSteps(sensor) {
  yield* zoneSteps(sensor);
  for (const [about, cluster, type, data, expected] of commands) {
    if (!sensor.hears(cluster, type)) continue;
    const payload = await sensor.say(cluster, type, data);
    if (payload?.action) yield { about, payload, expected };
  }
  yield* valueSteps(sensor, "somebody moves", "msOccupancySensing", { occupancy: 1 }, { occupancy: 0 }, "occupancy", ["motion"]);
  yield* batterySteps(sensor);
  yield* tuyaSteps(sensor);
  if (sensor.definition.vendor === "Aqara") { // on is open
    yield* valueSteps(sensor, "opened", "genOnOff", { onOff: 1 }, { onOff: 0 }, "contact", ["door"]);
  }
}

// zoneSteps sets each bit of the zone status and takes it back.
async function* zoneSteps(sensor) {
  const [cluster, type] = ["ssIasZone", "commandStatusChangeNotification"];
  const { model } = sensor.definition;
  const listed = listedBy(sensor);
  if (!sensor.hears(cluster, type) || inverted.includes(model)) return;
  const say = (zonestatus) => sensor.say(cluster, type, { zonestatus, zoneStatus: zonestatus, extendedstatus: 0 });
  const idle = await say(0);
  if (!idle || "action" in idle) return; // a button: see scenes.js
  yield { about: "idle", payload: idle, expected: [] };
  for (const [about, bit] of zoneBits) {
    const set = await say(bit);
    if (!set) continue;
    yield { about, payload: set, expected: changed(idle, set, true, model, listed), tested: set.test === true };
    const over = await say(0); // the end of a press is none
    yield { about: "over", payload: over, expected: changed(set, over, false, model, listed).filter(({ kind }) => kind !== "help") };
  }
}

// valueSteps reports an attribute that makes a property active, and back.
async function* valueSteps(sensor, about, cluster, active, inactive, property, kinds) {
  if (sensor.definition.model === "HS2FD-EF1-3.0" || !sensor.hears(cluster, "attributeReport")) return;
  const set = await sensor.say(cluster, "attributeReport", active);
  if (!set || !(property in set) || !listedBy(sensor).has(property)) return;
  yield { about, payload: set, expected: kinds.map((kind) => ({ kind, active: true })) };
  const over = await sensor.say(cluster, "attributeReport", inactive);
  if (over) yield { about: "over", payload: over, expected: kinds.map((kind) => ({ kind, active: false })) };
}

// batterySteps reports a battery at half a percent a step: 4 % and 80 %.
async function* batterySteps(sensor) {
  const listed = listedBy(sensor);
  if (!sensor.hears("genPowerCfg", "attributeReport") || !listed.has("battery") || listed.has("battery_low")) return;
  for (const [about, steps, active] of [["battery at 4 %", 8, true], ["battery at 80 %", 160, false]]) {
    const payload = await sensor.say("genPowerCfg", "attributeReport", { batteryPercentageRemaining: steps });
    if (payload?.battery === steps / 2) yield { about, payload, expected: [{ kind: "battery", active }] };
  }
}

// tuyaSteps says each datapoint that is about one of our kinds, with each value that
// its converter takes.
async function* tuyaSteps(sensor) {
  const listed = listedBy(sensor);
  for (const [dp, property, converter] of sensor.definition.meta?.tuyaDatapoints ?? []) {
    if (!property || !listed.has(property) || !converter.from) continue;
    const said = new Set();
    for (const value of [true, false, { enumeration: 0 }, { enumeration: 1 }, { enumeration: 2 }]) {
      let payload;
      try {
        payload = await sensor.say("manuSpecificTuya", "commandDataReport", { seq: 1, dpValues: [datapoint(dp, value)] });
      } catch {
        continue; // not a value of this datapoint
      }
      const expected = meant(sensor.definition.model, property, payload?.[property]);
      const key = JSON.stringify(payload?.[property]);
      if (!expected || said.has(key)) continue;
      said.add(key);
      yield { about: `datapoint ${dp} is ${JSON.stringify(value)}`, payload, expected: [expected] };
    }
  }
}

// listedBy are the properties that the sensor's definition has.
function listedBy(sensor) {
  return new Set(exposesOf(sensor.definition, sensor.device).map((e) => e.property));
}
