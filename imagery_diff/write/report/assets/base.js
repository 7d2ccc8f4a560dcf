"use strict";
for (const part of document.querySelectorAll(".js[hidden]")) part.hidden = false;
// A printed page has no fold to open.
addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details")) d.open = true; });
