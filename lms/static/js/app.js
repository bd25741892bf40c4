import "./dialog.js";
import "./once.js";
import "./reveal.js";
import "./focus.js";
import "./departing.js";
