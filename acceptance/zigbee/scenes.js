// What happens to devices, message by message of their radio, and what the gateway
// has to hear of it. A step is [what happens, cluster, type, data, expected kinds].
import { datapoint } from "./radio.js";

const on = (...kinds) => kinds.map((kind) => ({ kind, active: true }));
const off = (...kinds) => kinds.map((kind) => ({ kind, active: false }));

const tuya = (about, dp, value, expected) =>
  [about, "manuSpecificTuya", "commandDataReport", { seq: 1, dpValues: [datapoint(dp, value)] }, expected];
const choice = (n) => ({ enumeration: n });
const zone = (about, zonestatus, expected) =>
  [about, "ssIasZone", "commandStatusChangeNotification", { zonestatus, extendedstatus: 0 }, expected];
const ace = (about, command) => [about, "ssIasAce", command, {}, on("help")];

// occupancy of Heiman's radar: bit 0 somebody is there, bits 1 to 3 activity, bits 4 and 5 the fall.
const heimanRadar = (about, occupancy, expected) => [about, "msOccupancySensing", "attributeReport", { occupancy }, expected];
const owonRadar = (about, status, expected) => [about, "fallDetectionOwon", "attributeReport", { status }, expected];

// scenes are by model. Those of a whole class of devices are in classes.js.
export const scenes = {
  // The three fall detectors.
  "HS2FD-EF1-3.0": [
    heimanRadar("somebody walks", 0b000011, [...off("fall"), ...on("presence", "motion")]),
    heimanRadar("a suspicion", 0b010011, []),
    heimanRadar("a fall", 0b100001, [...on("fall"), ...off("motion")]),
    heimanRadar("up again", 0b000011, [...off("fall"), ...on("motion")]),
    heimanRadar("gone", 0b000000, off("presence", "motion")),
    heimanRadar("a code without a name", 0b110001, on("presence")),
  ],
  FDS315: [
    owonRadar("nobody", 0, off("fall", "presence", "bed")),
    owonRadar("somebody", 1, on("presence")),
    owonRadar("lies in bed", 3, on("bed")),
    owonRadar("crouches", 4, []),
    owonRadar("falls", 5, on("fall")),
    owonRadar("crouches still", 4, []),
    owonRadar("sits", 2, off("fall", "bed")),
    owonRadar("a code without a name", 6, []),
  ],
  "MIR-HE200-TY": [
    tuya("somebody", 1, choice(1), on("presence")),
    tuya("no fall", 116, choice(0), off("fall")),
    tuya("perhaps a fall", 116, choice(1), []),
    tuya("a fall", 116, choice(2), on("fall")),
    tuya("up again", 116, choice(0), off("fall")),
  ],

  // Calls for help that are no command of an alarm system.
  TS0601_sos: [tuya("pressed", 23, true, on("help"))],
  "HS1EB/HS1EB-E": [zone("pressed", 1, on("help")), zone("let go", 0, []), zone("pressed twice", 2, on("help"))],
  SE21: [zone("pressed", 1, on("help"))],
  "SE20-O": [zone("pressed", 1, on("help")), zone("pressed twice", 2, on("help"))],
  SEB01ZB: [zone("idle", 0, off("tamper", "battery")), zone("pressed", 2, on("help")), zone("let go", 0, [])],
  PB206: [zone("idle", 0, off("battery")), zone("pressed", 1, on("help")), zone("let go", 0, [])],

  // Detectors that say it in other words, or under another name.
  "DCR-CO": [tuya("clear", 1, choice(1), off("carbon_monoxide")), tuya("CO", 1, choice(0), on("carbon_monoxide"))],
  "DCR-RQJ": [tuya("gas", 1, choice(0), on("gas")), tuya("CO", 18, choice(0), on("carbon_monoxide")), tuya("no gas", 1, choice(1), off("gas"))],
  "E04CF-Z10T": [
    tuya("a trace", 2, 3, []), tuya("gas", 1, choice(1), on("gas")), tuya("CO", 18, choice(1), on("carbon_monoxide")),
    tuya("no gas", 1, choice(0), off("gas")),
  ],
  "SMART-SMOKE10": [tuya("smoke", 1, choice(0), on("smoke")), tuya("clear", 1, choice(1), off("smoke"))],
  "TS0601_smoke_co": [tuya("CO", 18, choice(0), on("carbon_monoxide")), tuya("clear", 18, choice(1), off("carbon_monoxide"))],
  "ZG-225Z": [tuya("gas", 1, choice(0), on("gas")), tuya("clear", 1, choice(1), off("gas"))],
  TS0601_smoke_1: [tuya("smoke", 1, choice(0), on("smoke")), tuya("clear", 1, choice(1), off("smoke")), tuya("opened", 4, true, on("tamper"))],
  TS0601_smoke_4: [tuya("smoke", 1, choice(0), on("smoke")), tuya("clear", 1, choice(1), off("smoke")), tuya("empty", 15, 4, on("battery"))],
  TS0601_gas_sensor_2: [tuya("gas", 1, choice(0), on("gas")), tuya("clear", 1, choice(1), off("gas"))],
  "ZG-303Z": [tuya("water", 1, choice(1), on("water_leak")), tuya("dry", 1, choice(0), off("water_leak"))],
  "ZG-226Z": [tuya("water", 1, choice(0), on("water_leak")), tuya("dry", 1, choice(1), off("water_leak"))],
  "HS2SA-1": [tuya("smoke", 1, choice(0), on("smoke")), tuya("clear", 1, choice(1), off("smoke"))],
  "MIR-SM100-E": [zone("smoke", 1, on("smoke")), zone("clear", 0, off("smoke"))],
  "HM-5HA-E": [zone("heat", 1, on("heat")), zone("clear", 0, off("heat"))],
  "FFZB1-SM-ECO": [zone("it hears a smoke detector", 1, on("smoke")), zone("quiet", 0, off("smoke"))],
  W599001: [zone("smoke", 1, on("smoke")), zone("heat", 2, [...on("heat"), ...off("smoke")]), zone("clear", 0, off("heat"))],

  // Radars and their words.
  "ZG-301A": [tuya("somebody", 1, choice(1), on("presence")), tuya("nobody", 1, choice(0), off("presence"))],
  RD24G01: [tuya("moves", 1, choice(1), on("presence")), tuya("nobody", 1, choice(0), off("presence")), tuya("sits", 1, choice(2), on("presence"))],
  "ZG-204ZM": [tuya("somebody", 1, choice(1), on("presence")), tuya("moves", 101, choice(1), on("motion"))],
  "NAS-PS09B2": [tuya("moves", 11, choice(2), on("presence")), tuya("nobody", 11, choice(0), off("presence"))],
  MW833P: [tuya("moves", 102, choice(2), on("motion")), tuya("sits", 102, choice(1), off("motion")), tuya("somebody", 1, choice(1), on("presence"))],
  "ZG-210Z": [tuya("sits", 1, choice(1), on("seat")), tuya("long", 1, choice(2), []), tuya("gone", 1, choice(0), off("seat"))],

  // Doors and windows.
  "Senoro.Win": [tuya("open", 101, choice(0), on("door")), tuya("closed", 101, choice(1), off("door")), tuya("tilted", 101, choice(2), on("door"))],
  "TS0601_thermostat_1": [tuya("it takes a window to be open", 7, choice(1), on("door")), tuya("closed", 7, choice(0), off("door"))],
  "TR-M3Z": [tuya("it takes a window to be open", 15, choice(1), on("door")), tuya("closed", 15, choice(0), off("door"))],

  // What is no sensor, or only the household can tell.
  SPM915: [zone("one of the two", 1, off("tamper", "battery")), zone("the other", 0, [])],
  "ZD1-EN": [zone("an alarm of something", 1, [])],
  GA01: [tuya("gas", 1, choice(0), on("gas")), tuya("clear", 1, choice(1), off("gas"))],
};

// commands are the calls for help that a keypad or a remote control makes.
export const commands = [ace("an emergency", "commandEmergency"), ace("panic", "commandPanic")];
