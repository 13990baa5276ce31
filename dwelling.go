package ucare

// A Dwelling is one supervised home: what the centre knows by an account.
type Dwelling struct {
	// ID names the dwelling in topics, files and reports: lower-case letters,
	// digits and dashes, at most 64 of them.
	ID string `json:"id"`
	// Account is the number under which the centre knows the dwelling.
	Account  string   `json:"account"`
	Resident Resident `json:"resident"`
	// Address is where help has to go. It leaves the home only with an alarm.
	Address string `json:"address,omitempty"`
	Rooms   []Room `json:"rooms,omitempty"`
}

// A Resident is the person who lives in the dwelling.
type Resident struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
}

// A Room is where a sensor is.
type Room struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// A Sensor is one device of the dwelling, as its readings name it.
type Sensor struct {
	ID   string `json:"id"`
	Room string `json:"room,omitempty"`
	// Topic is the MQTT topic the sensor reports on, where the mapping comes
	// from the configuration.
	Topic string `json:"topic,omitempty"`
}
