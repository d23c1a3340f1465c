#include "CAssets.h"

// C23's #embed reads the files at compile time, so that one binary serves the page and the contract with nothing beside
// it. The directive cannot come out of a macro: one block a file, and one line of the table.

static const unsigned char index_html[] = {
#embed "dashboard/index.html"
};
static const unsigned char style_css[] = {
#embed "dashboard/style.css"
};
static const unsigned char icon_svg[] = {
#embed "dashboard/icon.svg"
};
static const unsigned char app_js[] = {
#embed "dashboard/app.js"
};
static const unsigned char api_js[] = {
#embed "dashboard/api.js"
};
static const unsigned char budget_js[] = {
#embed "dashboard/budget.js"
};
static const unsigned char curves_js[] = {
#embed "dashboard/curves.js"
};
static const unsigned char dom_js[] = {
#embed "dashboard/dom.js"
};
static const unsigned char format_js[] = {
#embed "dashboard/format.js"
};
static const unsigned char job_js[] = {
#embed "dashboard/job.js"
};
static const unsigned char overview_js[] = {
#embed "dashboard/overview.js"
};
static const unsigned char poller_js[] = {
#embed "dashboard/poller.js"
};
static const unsigned char whatif_js[] = {
#embed "dashboard/whatif.js"
};
static const unsigned char widgets_js[] = {
#embed "dashboard/widgets.js"
};

#if __has_embed("../../openapi.yaml") == __STDC_EMBED_FOUND__
static const unsigned char openapi_yaml[] = {
#embed "../../openapi.yaml"
};
#endif

#define ASSET(name, bytes) {name, bytes, sizeof bytes}

static const struct epsilond_asset assets[] = {
    ASSET("index.html", index_html),
    ASSET("style.css", style_css),
    ASSET("icon.svg", icon_svg),
    ASSET("app.js", app_js),
    ASSET("api.js", api_js),
    ASSET("budget.js", budget_js),
    ASSET("curves.js", curves_js),
    ASSET("dom.js", dom_js),
    ASSET("format.js", format_js),
    ASSET("job.js", job_js),
    ASSET("overview.js", overview_js),
    ASSET("poller.js", poller_js),
    ASSET("whatif.js", whatif_js),
    ASSET("widgets.js", widgets_js),
#if __has_embed("../../openapi.yaml") == __STDC_EMBED_FOUND__
    ASSET("openapi.yaml", openapi_yaml),
#endif
};

const struct epsilond_asset *epsilond_asset_at(size_t index) {
  return index < sizeof assets / sizeof assets[0] ? &assets[index] : NULL;
}
