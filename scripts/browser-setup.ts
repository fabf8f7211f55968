// What describeBackends reads; browsers have no environment.
const names = 'wasm,webgpu';
Object.assign(globalThis, {
  process: { env: { PIXCON_TEST_BACKENDS: names, PIXCON_REQUIRE_BACKENDS: names } },
});
