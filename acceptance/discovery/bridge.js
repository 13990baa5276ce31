// A real Zigbee2MQTT with a radio of paper: everything but zigbee-herdsman's Controller is
// the published program. It reads one JSON object a line, what a device says over the air, and
// hears it as if the radio had.
"use strict";
const { EventEmitter } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");

const [, , mqtt, home] = process.argv;

const resolved = (name) => require.resolve(name, { paths: [require.resolve("zigbee2mqtt")] });
const herdsman = require(resolved("zigbee-herdsman"));

// The devices of the home: what they are called, and what their radio says of itself.
const devices = [
  { name: "kitchen smoke", model: "SMSZB-120", maker: "frient A/S", clusters: ["genBasic", "genPowerCfg", "ssIasZone", "msTemperatureMeasurement"] },
  { name: "hall motion", model: "lumi.sensor_motion", maker: "LUMI", clusters: ["genBasic", "msOccupancySensing"] },
  { name: "wardrobe door", model: "lumi.sensor_magnet", maker: "LUMI", clusters: ["genBasic", "genOnOff"] },
  { name: "cellar leak", model: "lumi.sensor_wleak.aq1", maker: "LUMI", clusters: ["genBasic", "ssIasZone"] },
  { name: "call button", model: "TS0215A", maker: "_TZ3000_pkfazisv", clusters: ["genBasic", "genPowerCfg", "ssIasAce"] },
];

fs.writeFileSync(path.join(home, "configuration.yaml"), JSON.stringify({
  version: 5,
  mqtt: { base_topic: "radio", server: mqtt },
  serial: { port: "/dev/null", adapter: "zstack" },
  homeassistant: { enabled: true },
  availability: { enabled: true },
  advanced: { log_output: ["console"], log_level: "warning", network_key: new Array(16).fill(1), pan_id: 1, ext_pan_id: new Array(8).fill(1) },
  devices: Object.fromEntries(devices.map((d, i) => [address(i), { friendly_name: d.name }])),
}));
process.env.ZIGBEE2MQTT_DATA = home;

function address(i) {
  return "0x" + (i + 1).toString(16).padStart(16, "0");
}

// The program knows these by the names of their classes.
class Endpoint {
  constructor(own) {
    Object.assign(this, own);
  }
}
class Device extends Endpoint {}

function endpoint(clusters) {
  const nothing = async () => ({});
  return new Endpoint({
    ID: 1, profileID: 260, deviceID: 1026, inputClusters: [], outputClusters: [], binds: [], configuredReportings: [], meta: {}, clusters: {},
    supportsInputCluster: (c) => clusters.includes(c), supportsOutputCluster: () => false,
    getInputClusters: () => clusters.map((name) => ({ name, ID: 0, attributes: {} })), getOutputClusters: () => [],
    getClusterAttributeValue: () => undefined, saveClusterAttributeKeyValue: () => {}, hasPendingRequests: () => false,
    bind: nothing, unbind: nothing, configureReporting: nothing, read: nothing, write: nothing, command: nothing, defaultResponse: nothing,
    deviceIeeeAddress: "", getDevice: () => undefined,
  });
}

function device(i, said, type) {
  const one = endpoint(said.clusters);
  return new Device({
    ieeeAddr: address(i), networkAddress: i + 1, type, modelID: said.model, manufacturerName: said.maker, powerSource: "Battery",
    interviewState: "SUCCESSFUL", interviewCompleted: true, interviewing: false, isDeleted: false, lastSeen: Date.now(), linkquality: 100,
    endpoints: [one], meta: {}, customClusters: {}, zclVersion: 3, applicationVersion: 1, softwareBuildID: "1", dateCode: "2026",
    getEndpoint: () => one, save: () => {}, ping: async () => {}, addCustomCluster: () => {}, hasPendingRequests: () => false,
    removeFromNetwork: async () => {}, interview: async () => {},
  });
}

const paper = [device(-1, { model: "", maker: "", clusters: [] }, "Coordinator"), ...devices.map((d, i) => device(i, d, "EndDevice"))];

class Radio extends EventEmitter {
  start = async () => "resumed";
  stop = async () => {};
  isStopping = () => false;
  backup = async () => {};
  getDevicesByType = (type) => paper.filter((d) => d.type === type);
  getDeviceByIeeeAddr = (a) => paper.find((d) => d.ieeeAddr === a);
  getDeviceByNetworkAddress = (a) => paper.find((d) => d.networkAddress === a);
  getGroupByID = () => undefined;
  *getDevicesIterator(wanted = () => true) {
    yield* paper.filter(wanted);
  }
  *getGroupsIterator() {}
  getCoordinatorVersion = async () => ({ type: "paper", meta: {} });
  getNetworkParameters = async () => ({ panID: 1, extendedPanID: "0x01", channel: 11, nwkUpdateID: 0 });
  getPermitJoin = () => false;
  getPermitJoinEnd = () => undefined;
  constructor() {
    super();
    radio = this;
  }
}

let radio;
require.cache[resolved("zigbee-herdsman")].exports = { ...herdsman, Controller: Radio };

const program = path.dirname(require.resolve("zigbee2mqtt"));
require(path.join(program, "dist/util/settings.js")).reRead();
const { Controller } = require(path.join(program, "dist/controller.js"));

async function main() {
  const controller = new Controller(async () => {}, async (code) => process.exit(code));
  await controller.start();
  console.log("ready");
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const said = JSON.parse(line);
    const from = paper[1 + devices.findIndex((d) => d.name === said.device)];
    radio.emit("message", { type: said.type, cluster: said.cluster, data: said.data, device: from, endpoint: from.endpoints[0], linkquality: 100, groupID: undefined, meta: { zclTransactionSequenceNumber: ++sequence, frameControl: {} } });
  }).on("close", async () => {
    await controller.stop(false);
    process.exit(0);
  });
}

let sequence = 0;
main().catch((e) => {
  console.error(e);
  process.exit(1);
});
