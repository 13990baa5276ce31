// A Zigbee radio without radio: devices and endpoints as the converters of
// zigbee-herdsman-converters expect them, and messages from them.

// The converters look at the names of these two classes.
class Endpoint {
  constructor(id, device) {
    this.ID = id;
    this.device = device;
    this.deviceIeeeAddress = device.ieeeAddr;
    this.inputClusters = [];
    this.outputClusters = [];
    this.clusters = {};
    this.meta = {};
  }
  getDevice() { return this.device; }
  supportsInputCluster() { return true; }
  supportsOutputCluster() { return true; }
  getClusterAttributeValue() { return undefined; }
  saveClusterAttributeKeyValue() {}
  async read() { return {}; }
  async write() { return {}; }
  async command() { return {}; }
  async commandResponse() { return {}; }
}

class Device {
  constructor(definition, address) {
    const print = (definition.fingerprint ?? [])[0] ?? {};
    this.ieeeAddr = address;
    this.networkAddress = 1;
    this.type = "EndDevice";
    this.modelID = print.modelID ?? (definition.zigbeeModel ?? [])[0];
    this.manufacturerName = print.manufacturerName;
    this.powerSource = "Battery";
    this.meta = {};
    this.customClusters = {};
    this.endpoints = [1, 2, 3].map((id) => new Endpoint(id, this));
  }
  getEndpoint(id) { return this.endpoints.find((e) => e.ID === id) ?? this.endpoints[0]; }
  addCustomCluster() {}
  save() {}
}

let sequence = 0;

// A Sensor is one device with its definition, and what Zigbee2MQTT remembers of it.
export class Sensor {
  constructor(definition, address) {
    this.definition = definition;
    this.device = new Device(definition, address);
    this.state = {};
  }

  // say hands one message of the device to all of its converters and gives what they
  // make of it, as Zigbee2MQTT does (lib/extension/receive.ts): null when nothing.
  async say(cluster, type, data) {
    const endpoint = this.device.endpoints[0];
    const message = {
      cluster, type, data, endpoint, device: this.device, groupID: 0, linkquality: 100,
      meta: { zclTransactionSequenceNumber: sequence++ % 256, manufacturerCode: null, frameControl: {} },
    };
    const meta = { device: this.device, state: this.state, deviceExposesChanged() {} };
    let payload = {};
    const converters = this.definition.fromZigbee.filter((c) => c.cluster === cluster && [c.type].flat().includes(type));
    for (const converter of converters) {
      const made = await converter.convert(this.definition, message, () => {}, {}, meta);
      if (made) payload = { ...payload, ...made };
    }
    return Object.keys(payload).length > 0 ? payload : null;
  }

  // hears reports whether one of its converters takes such a message.
  hears(cluster, type) {
    return this.definition.fromZigbee.some((c) => c.cluster === cluster && [c.type].flat().includes(type));
  }
}

// The types of a value in a Tuya datapoint.
const tuyaTypes = { boolean: 1, number: 2, string: 3, enumeration: 4 };

// datapoint is one value of a Tuya device: true and false, a number of four bytes, a
// text, or { enumeration: n }.
export function datapoint(dp, value) {
  if (typeof value === "boolean") return { dp, datatype: tuyaTypes.boolean, data: Buffer.from([value ? 1 : 0]) };
  if (typeof value === "string") return { dp, datatype: tuyaTypes.string, data: Buffer.from(value) };
  if (typeof value === "object") return { dp, datatype: tuyaTypes.enumeration, data: Buffer.from([value.enumeration]) };
  const data = Buffer.alloc(4);
  data.writeInt32BE(value);
  return { dp, datatype: tuyaTypes.number, data };
}
