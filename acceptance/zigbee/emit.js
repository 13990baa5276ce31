// Prints, one JSON object a line, what Zigbee2MQTT would publish of many devices:
//
//   {"model","topic","payload","retained","about","expected":[{"kind","active"}],"tested"}
//
// First lists of all devices that Zigbee2MQTT knows; then device by device a list of
// that one, and its messages. The payloads come from the real converters of
// zigbee-herdsman-converters, out of messages as a device sends them by radio.
import { definitions, listing, published } from "./bridge.js";
import { classSteps } from "./classes.js";
import { Sensor } from "./radio.js";
import { scenes } from "./scenes.js";

console.error = console.warn = console.info = console.debug = () => {}; // the converters' own log
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
process.on("unhandledRejection", () => {}); // a converter that would answer the device

const all = definitions();
const address = (n) => `0x${(0x00124b0000000000n + BigInt(n)).toString(16).padStart(16, "0")}`;
for (let from = 0; from < all.length; from += 1000) {
  const devices = all.slice(from, from + 1000).map((d, n) => listing(`device ${n}`, d, undefined, address(n)));
  print({
    model: "all", topic: "zigbee2mqtt/bridge/devices", retained: true, about: `${devices.length} definitions`,
    payload: JSON.stringify(devices), expected: [],
  });
}

let clock = Date.parse("2026-03-04T12:00:00Z");
let number = 0;

// tell prints the list with one device, and its messages.
async function tell(definition, sensor, steps) {
  const name = `거실/${definition.model.replace(/[/+#]/g, "-")}`;
  let listed = false;
  for await (const { about, payload, expected, tested } of steps) {
    if (!listed) {
      print({ model: definition.model, topic: "zigbee2mqtt/bridge/devices", retained: true, about: "listed", expected: [],
        payload: JSON.stringify([listing(name, definition, sensor.device, sensor.device.ieeeAddr)]) });
      listed = true;
    }
    clock += 60_000;
    print({ model: definition.model, topic: `zigbee2mqtt/${name}`, about, expected, tested,
      payload: published(sensor, payload, new Date(clock).toISOString()) });
  }
}

// sceneSteps are the messages of a scene.
async function* sceneSteps(sensor, scene) {
  for (const [about, cluster, type, data, expected] of scene) {
    const payload = await sensor.say(cluster, type, data);
    if (!payload) throw new Error(`${sensor.definition.model} makes nothing of "${about}"`);
    yield { about, payload, expected };
  }
}

const done = new Set();
for (const definition of all) {
  const scene = scenes[definition.model];
  try {
    if (scene && !done.has(definition.model)) {
      done.add(definition.model);
      const sensor = new Sensor(definition, address(++number));
      await tell(definition, sensor, sceneSteps(sensor, scene));
    }
    const sensor = new Sensor(definition, address(++number));
    await tell(definition, sensor, classSteps(sensor));
  } catch (error) {
    print({ model: definition.model, topic: "", payload: String(error), about: "the converter failed", expected: [] });
  }
}
for (const model of Object.keys(scenes)) {
  if (!done.has(model)) print({ model, topic: "", payload: "no such model", about: "the scene failed", expected: [] });
}
process.stdout.end(() => process.exit(0)); // their timers still run
