// Where the Chromium lies that npm brought: packed, and unpacked now.
import chromium from "@sparticuz/chromium";

console.log(JSON.stringify(await chromium.executablePath()));
