/* The browser's half of the app: filters in the URL, clicks that become filters, light and dark, and watching for new data.
   The state is the URL's query string; everything else follows it. Reading and writing agree with dashapp/filters.py. */
(function () {
    "use strict";

    const FIELDS = ["device", "source", "country", "channel"];
    const DIMENSIONS = [...FIELDS, "duration"]; // the last is chosen by clicking its bar alone
    const NAMES = {device: "Device", source: "Source", country: "Country", channel: "Channel", duration: "Duration", dates: "Dates", compare: "Compared with"};
    const COMPARISONS = {previous: "the days before", year: "the same days last year"};
    const DAYS_COMPARED = 28; // where a comparison is chosen and no days are
    const MOST_VALUES = 100;
    const LONGEST_VALUE = 300;
    const UNUSABLE = /[\u0000-\u001f\u007f]|[\ud800-\udbff](?![\udc00-\udfff])|(?:[^\ud800-\udbff]|^)[\udc00-\udfff]/;
    const POLL_SECONDS = 60;
    const clicked = []; // what marks have set, latest last: Escape takes it back

    // ---- filters and their query string

    function canonical(values) {
        const usable = (values || []).filter((value) => value && [...value].length <= LONGEST_VALUE && !UNUSABLE.test(value));
        return [...new Set(usable)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).slice(0, MOST_VALUES);
    }

    function day(text) {
        if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text || "")) return null;
        const date = text.slice(0, 10);
        const parsed = new Date(date + "T00:00:00Z");
        return !isNaN(parsed) && parsed.toISOString().slice(0, 10) === date && date >= "0001" ? date : null;
    }

    function comparison(text) {
        return Object.keys(COMPARISONS).includes(text) ? text : "";
    }

    function read(search) {
        const query = new URLSearchParams(search || "");
        const filters = {since: day(query.getAll("since").pop()), until: day(query.getAll("until").pop())};
        filters.compare = comparison(query.getAll("compare").pop());
        DIMENSIONS.forEach((dimension) => (filters[dimension] = canonical(query.getAll(dimension))));
        if (filters.since && filters.until && filters.since > filters.until) {
            [filters.since, filters.until] = [filters.until, filters.since];
        }
        return filters;
    }

    function write(filters) {
        const query = new URLSearchParams();
        DIMENSIONS.forEach((dimension) => canonical(filters[dimension]).forEach((value) => query.append(dimension, value)));
        if (filters.since) query.append("since", filters.since);
        if (filters.until) query.append("until", filters.until);
        if (filters.compare) query.append("compare", filters.compare);
        const text = query.toString();
        return text ? "?" + text : "";
    }

    function act(filters, action) {
        const next = {...filters};
        if (action.clear === "all") return read("");
        if (action.clear === "dates") return {...next, since: null, until: null};
        if (action.clear === "compare") return {...next, compare: ""};
        if (action.clear) next[action.clear] = next[action.clear].filter((value) => value !== action.value);
        if (action.set) Object.entries(action.set).forEach(([dimension, value]) => (next[dimension] = [value]));
        if (action.unset) action.unset.forEach((dimension) => (next[dimension] = []));
        return next;
    }

    /* A click on a mark chooses its values; a click on what is chosen already lets go of them. */
    function choose(values) {
        const filters = read(window.location.search);
        const dimensions = Object.keys(values);
        const isChosen = dimensions.every((dimension) => filters[dimension].length === 1 && filters[dimension][0] === values[dimension]);
        if (isChosen) {
            send({unset: dimensions});
        } else {
            clicked.push(dimensions);
            send({set: values});
        }
    }

    let actions = 0;
    function send(action) {
        window.dash_clientside.set_props("action", {data: {...action, number: ++actions}});
    }

    // ---- what filters look like

    function component(type, props, namespace) {
        return {type, namespace: namespace || "dash_html_components", props};
    }

    /* A bucket of durations as charts write it: 10–20 min for 10–20m. */
    function bucket(name) {
        return name.replace(/([0-9])([sm])(?![a-z])/g, (_, digit, unit) => `${digit}\u00a0${unit === "m" ? "min" : "s"}`);
    }

    function dayInWords(text) {
        return new Date(text + "T00:00:00Z").toLocaleDateString("en-GB", {day: "numeric", month: "short", year: "numeric", timeZone: "UTC"});
    }

    function chip(label, value, clear, shown) {
        return component("Button", {
            type: "button", className: "chip", title: "Remove this filter", "data-clear": clear, "data-value": value,
            children: [component("Span", {className: "chip-name", children: label}), shown === undefined ? value : shown,
                component("Span", {className: "chip-cross", children: "×", "aria-hidden": "true"})],
        });
    }

    function chips(filters) {
        const list = DIMENSIONS.flatMap((dimension) => filters[dimension].map(
            (value) => chip(NAMES[dimension], value, dimension, dimension === "duration" ? bucket(value) : value)));
        if (filters.since || filters.until) {
            const [since, until] = [filters.since, filters.until].map((text) => text && dayInWords(text));
            const text = since && until ? `${since} to ${until}` : since ? `since ${since}` : `until ${until}`;
            list.push(chip(NAMES.dates, text, "dates"));
        }
        if (filters.compare) list.push(chip(NAMES.compare, COMPARISONS[filters.compare], "compare"));
        if (list.length > 1) {
            list.push(component("Button", {type: "button", className: "chip chip-all", "data-clear": "all", children: "Clear all"}));
        }
        return list.length ? list : component("Span", {className: "hint", children: "Click a mark in a chart to filter everything by it."});
    }

    function withChosen(options, values) {
        const known = new Set((options || []).map((option) => option.value));
        return [...values.filter((value) => !known.has(value)).map((value) => ({label: value, value})), ...(options || [])];
    }

    function triggered(prefix) {
        return window.dash_clientside.callback_context.triggered.some((entry) => entry.prop_id.startsWith(prefix));
    }

    /* The last days of the data, four weeks or half of what there is. */
    function lastDays(days) {
        const [first, last] = (days || []).map((text) => (day(text) ? Date.parse(day(text)) : null));
        if (!first || !last) return {};
        const length = Math.max(1, Math.min(DAYS_COMPARED, Math.floor(((last - first) / 864e5 + 1) / 2)));
        return {since: new Date(last - (length - 1) * 864e5).toISOString().slice(0, 10), until: day(days[1])};
    }

    function reduce(search, device, source, country, channel, start, end, compare, action, options) {
        let filters;
        const unchanged = window.dash_clientside.no_update;
        const fromUrl = search === undefined || search === null ? window.location.search : search;
        if (triggered("action.") && action) {
            filters = act(read(fromUrl), action);
        } else if (triggered("filter-")) {
            filters = {...read(fromUrl), device, source, country, channel, since: day(start), until: day(end), compare: comparison(compare)};
            DIMENSIONS.forEach((dimension) => (filters[dimension] = canonical(filters[dimension])));
            if (filters.since && filters.until && filters.since > filters.until) filters.until = null;
            if (filters.compare && triggered("filter-compare.") && !filters.since && !filters.until) {
                filters = {...filters, ...lastDays((options || {}).days)};
            }
        } else {
            filters = read(fromUrl);
        }
        const next = write(filters);
        const isOfUrl = next === write(read(fromUrl));
        const values = FIELDS.map((dimension) => filters[dimension]);
        const choices = FIELDS.map((dimension) => withChosen((options || {})[dimension], filters[dimension]));
        const count = DIMENSIONS.filter((dimension) => filters[dimension].length).length + (filters.since || filters.until ? 1 : 0) + (filters.compare ? 1 : 0);
        const links = window.dash_clientside.callback_context.outputs_list.slice(-1)[0].map(
            (link) => (link.id.nav === "home" ? "/" : link.id.nav) + next);
        return [isOfUrl ? unchanged : next, ...values, filters.since, filters.until, filters.compare || "none", ...choices, chips(filters), count ? String(count) : "", links];
    }

    // ---- answers of the server

    function spread(answer) {
        Object.entries(answer || {}).forEach(([id, props]) => {
            if (document.getElementById(id)) window.dash_clientside.set_props(id, props);
        });
        refetch();
    }

    let lastPath = null;
    function arrive(path, search) {
        const links = window.dash_clientside.callback_context.outputs_list;
        const active = links.find((link) => link.id.nav === path);
        const words = DIMENSIONS.flatMap((dimension) => read(search)[dimension].map((value) => (dimension === "duration" ? bucket(value) : value))).slice(0, 3).join(", ");
        const anchor = active && document.querySelector(`.nav-link[href^="${CSS.escape(path)}"]`);
        const names = {"/": "Overview"};
        const heading = names[path] || path.replace("/", "").replace(/^./, (letter) => letter.toUpperCase());
        document.title = [heading, words, "Silent Leak Detector"].filter(Boolean).join(" · ");
        if (lastPath !== null && lastPath !== path) {
            window.scrollTo(0, 0);
            document.body.classList.remove("filters-open");
        }
        if (anchor && anchor.scrollIntoView && window.innerWidth < 900) anchor.scrollIntoView({inline: "center", block: "nearest"});
        lastPath = path;
        return links.map((link) => (link.id.nav === "home" ? "brand" : "nav-link" + (link.id.nav === path ? " is-active" : "")));
    }

    /* clickData → a choice. `customdata` holds the filter value of a mark: one for one dimension, a pair for two. */
    const MEANS = {
        "country-map": ["country"],
        "funnel-by-device": ["device"],
        "duration-conversion": ["duration"],
        "source-device-heatmap": ["source", "device"],
        "source-probabilities": ["source", "device"],
    };
    function click(data, id) {
        const point = data && data.points && data.points[0];
        const custom = point && point.customdata;
        const dimensions = MEANS[id] || [];
        const values = Array.isArray(custom) ? custom : [custom];
        if (custom !== undefined && custom !== null && dimensions.length) {
            const chosen = {};
            dimensions.forEach((dimension, index) => {
                if (typeof values[index] === "string") chosen[dimension] = values[index];
            });
            if (Object.keys(chosen).length) choose(chosen);
        }
        return data ? null : window.dash_clientside.no_update; // so that a second click on the same mark is heard too
    }

    /* The anchor of a leak: its card comes into view and is marked, once the page has drawn it. */
    let landing = 0;
    function land(hash) {
        const id = (hash || "").slice(1);
        const mine = ++landing;
        document.querySelectorAll(".is-target").forEach((element) => element.classList.remove("is-target"));
        (function look(tries) {
            if (mine !== landing || !id || window.location.pathname !== "/leaks") return;
            const card = [...document.querySelectorAll(".leak[id]")].find((element) => element.id === id);
            if (card) {
                card.classList.add("is-target");
                card.focus({preventScroll: true});
                card.scrollIntoView({block: "start"});
            } else if (tries) {
                setTimeout(look, 100, tries - 1);
            } else if (document.getElementById("leak-missing")) {
                document.getElementById("leak-missing").hidden = false;
            }
        })(30);
    }

    function refetch() {
        const grid = document.getElementById("candidates-grid") && window.dash_ag_grid && window.dash_ag_grid.getApi("candidates-grid");
        if (grid) {
            grid.ensureIndexVisible(0);
            grid.purgeInfiniteCache();
        }
    }

    window.dash_clientside = Object.assign({}, window.dash_clientside, {leaks: {reduce, spread, arrive, land, click, refetch, write}});

    // ---- numbers in the list of candidates, written as dashapp/theme.py writes them

    function percent(value) {
        if (value === 0 || value >= 99.995) return value.toFixed(0);
        if (value > 99.9) return value.toFixed(2);
        if (value >= 10) return value.toFixed(1);
        if (value >= 0.1) return value.toFixed(2);
        return value >= 0.0001 ? value.toFixed(1 - Math.floor(Math.log10(value))) : "under 0.0001";
    }

    function duration(seconds) {
        const pair = (whole, unit, rest, part) => `${whole}\u00a0${unit}` + (rest ? ` ${rest}\u00a0${part}` : "");
        if (seconds < 60) return `${seconds}\u00a0s`;
        if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
        const minutes = Math.round(seconds / 60);
        return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
    }

    window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, {
        leaksRate: (value) => (value === null || value === undefined ? "" : `${percent(value * 100)}\u00a0%`),
        leaksDuration: (value) => (value === null || value === undefined ? "" : duration(Math.round(value))),
        leaksStage: (value) => ["Browsed", "Engaged", "Deep engagement", "Converted"][value] || "",
        leaksTime: (value) => (value ? String(value).replace("T", " ").slice(0, 16) : ""),
    });

    // ---- clicks and keys on plain elements

    document.addEventListener("click", (event) => {
        const target = event.target.closest("[data-filter],[data-clear],[data-copy],[data-link],[data-png],[data-look],[data-toggle]");
        document.querySelectorAll("details[open]").forEach((details) => {
            if (!details.contains(event.target)) details.open = false;
        });
        if (!target) return;
        const {filter, value, clear, copy, link, png, look, toggle} = target.dataset;
        if (filter) choose({[filter]: value});
        if (clear) send({clear, value});
        if (copy) copyText(target, document.getElementById(copy).textContent);
        if (link) copyText(target, `${window.location.origin}/leaks#${link}`);
        if (png) savePicture(png);
        if (look) changeLook();
        if (toggle) document.body.classList.toggle(toggle);
    });

    document.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        const open = document.querySelector("details[open]");
        if (open) {
            open.open = false;
            return;
        }
        if (document.querySelector(".dash-dropdown-content, .dash-datepicker-content, .ag-popup-child")) return;
        if (event.target.closest && event.target.closest("input:not([type=checkbox]), textarea, .ag-root")) return;
        const filters = read(window.location.search);
        while (clicked.length) {
            const dimensions = clicked.pop();
            if (dimensions.some((dimension) => filters[dimension].length)) {
                send({unset: dimensions});
                return;
            }
        }
        if (write(filters)) send({clear: "all"});
    }, true);

    function copyText(button, text) {
        const say = (word) => {
            const before = button.textContent;
            button.textContent = word;
            setTimeout(() => (button.textContent = before), 1500);
        };
        // Only pages of https and of this machine may write to the clipboard.
        if (!navigator.clipboard) return window.prompt("To copy:", text);
        navigator.clipboard.writeText(text).then(() => say("Copied"), () => say("Not copied"));
    }

    function savePicture(id) {
        const plot = document.querySelector(`#${CSS.escape(id)} .js-plotly-plot`);
        if (plot && window.Plotly) {
            const background = getComputedStyle(document.body).getPropertyValue("--surface");
            const figure = {data: plot.data, layout: {...plot.layout, paper_bgcolor: background}, config: plot._context};
            window.Plotly.downloadImage(figure, {format: "png", scale: 2, filename: id, width: plot.clientWidth, height: plot.clientHeight});
        }
    }

    // ---- light and dark: chosen by the reader, else by the system; a cookie lets the server draw charts to match

    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    function cookie(name) {
        const found = document.cookie.split("; ").find((pair) => pair.startsWith(name + "="));
        return found ? found.slice(name.length + 1) : null;
    }
    function setCookie(name, value) {
        document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax` + (location.protocol === "https:" ? "; secure" : "");
    }
    function applyLook(look) {
        document.documentElement.dataset.theme = look;
        setCookie("look", look);
    }
    function changeLook() {
        const look = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        setCookie("look-chosen", "1");
        applyLook(look);
        redraw();
    }
    let redraws = 0;
    function redraw() {
        window.dash_clientside.set_props("look", {data: ++redraws});
    }
    function systemLook() {
        return dark.matches ? "dark" : "light";
    }
    const remembered = cookie("look");
    applyLook(cookie("look-chosen") && (remembered === "dark" || remembered === "light") ? remembered : systemLook());
    dark.addEventListener("change", () => {
        if (!cookie("look-chosen")) {
            applyLook(systemLook());
            redraw();
        }
    });

    // ---- requests: signed out, failed, slow; and new data

    const plainFetch = window.fetch.bind(window);
    let underway = 0;
    window.fetch = function (resource, options) {
        const address = typeof resource === "string" ? resource : resource.url;
        if (!address.includes("_dash-update-component")) return plainFetch(resource, options);
        underway += 1;
        const slow = setTimeout(() => document.body.classList.add("is-busy"), 200);
        return plainFetch(resource, options).then((response) => {
            if (response.status === 401) window.location.reload();
            banner(response.ok ? "" : "The server could not answer this. Try again in a moment; what is shown may be out of date.");
            return response;
        }, (problem) => {
            banner("The server cannot be reached. What is shown may be out of date.");
            throw problem;
        }).finally(() => {
            clearTimeout(slow);
            underway -= 1;
            if (!underway) document.body.classList.remove("is-busy");
        });
    };

    function banner(text) {
        const element = document.getElementById("banner");
        if (element && element.textContent !== text) element.textContent = text;
    }

    let version = null;
    function watch() {
        if (document.hidden) return;
        plainFetch("/readyz").then((response) => (response.ok ? response.json() : null)).then((state) => {
            if (!state) return;
            if (version && version !== state.version) window.dash_clientside.set_props("data-version", {data: state.version});
            version = state.version;
        }).catch(() => {});
    }
    setInterval(watch, POLL_SECONDS * 1000);
    document.addEventListener("visibilitychange", watch);
    window.addEventListener("focus", watch);
    window.addEventListener("load", watch);
})();
