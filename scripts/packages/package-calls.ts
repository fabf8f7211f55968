/**
 * What each package must do when it is installed alone: JavaScript for plain Node, by package. It gets the
 * package as `api`, `assert`, `folder` (empty, to write in), eight JPEG files in `photos`, and where the package has tensors, `tf` on the
 * `cpu` backend. An assertion that fails or an error thrown is a broken package.
 */
export const packageCalls: Readonly<Record<string, string>> = {
  '@pixcon/augment': `
    const { RandomStream } = await import('@pixcon/core');
    const random = new RandomStream(0);
    assert.equal(api.sampleTwoCrops(64, 48, random).length, 2);
    const { views, mean, standardDeviation } = api.byolAugmentation();
    const recipes = [0, 1].map(() => api.samplePhotometric(random, { ...views[0], jitterProbability: 1 }));
    const images = tf.randomUniform([2, 16, 16, 3]);
    const result = api.applyPhotometric(images, recipes, { mean, standardDeviation });
    assert.deepEqual(result.shape, images.shape);
    assert(finite(result));`,
  '@pixcon/backbones': `
    const { ParameterSet, RandomStream } = await import('@pixcon/core');
    const backbone = api.resnet({ block: 'basic', layers: [1], planes: [4], stem: 'small' });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
    const images = tf.randomUniform([2, 16, 16, 3]);
    const [map] = backbone.features(parameters, images, [backbone.stages.at(-1).name], { training: true });
    assert.deepEqual([map.shape[0], map.shape[3]], [2, 4]);
    assert(finite(map));
    assert.equal(api.resnet18().channels, 512);`,
  '@pixcon/backend': `
    const started = await api.startBackend('cpu');
    assert.equal(tf.getBackend(), 'cpu');
    assert.match(api.explainBackend(started), /cpu/);`,
  '@pixcon/checkpoints': `
    const { readCheckpoint, writeCheckpoint } = await import('@pixcon/checkpoints/node');
    const path = folder + '/checkpoint.safetensors';
    const weight = tf.tensor2d([[1, 2], [3, 4]]);
    await writeCheckpoint(path, { sections: { optimizer: new Map([['weight', weight]]) }, record: { step: 7 } });
    const { sections, record } = await readCheckpoint(path);
    assert.deepEqual(record, { step: 7 });
    assert.deepEqual(api.toTensors(sections.optimizer).get('weight').arraySync(), weight.arraySync());`,
  '@pixcon/core': `
    const initialize = (random) => random.uniform();
    const specs = [{ name: 'weight', shape: [2, 3], role: 'weight', initialize }];
    const [one, other] = [0, 0].map((seed) => api.ParameterSet.create(specs, new api.RandomStream(seed)));
    assert.deepEqual(one.get('weight').arraySync(), other.get('weight').arraySync());
    const query = tf.zeros([1, 4, 2]);
    const matching = () => ({ index: tf.zeros([1, 4], 'int32'), weight: tf.ones([1, 4]) });
    await api.assertMatchValues(api.matchCells(matching, { query, key: query }));`,
  '@pixcon/datasets': `
    const data = Uint8Array.from({ length: 24 * 20 * 3 }, (_, i) => (i * 7) % 256);
    const image = { data, width: 24, height: 20 };
    const box = { x0: 2, y0: 1, x1: 18, y1: 17 };
    // On a thread: its worker's file must be in the package.
    const crop = await api.cropAndResize(image, { box, flipped: false }, 8);
    assert.equal(crop.length, 8 * 8 * 3);
    const { default: sharp } = await import('sharp');
    await sharp(data, { raw: { width: 24, height: 20, channels: 3 } }).png().toFile(folder + '/photo.png');
    const photos = api.imageFolder(folder);
    assert.equal(photos.name(0), 'photo.png');
    const loaded = await photos.load(0);
    assert.deepEqual([loaded.width, loaded.height], [24, 20]);
    assert.deepEqual([...loaded.data], [...data]);
    assert.equal((await api.syntheticScenes({ count: 1 }).load(0)).data.length % 3, 0);`,
  '@pixcon/evaluation': `
    assert.equal(api.segmentationScores([0, 1, 1, 1], [0, 1, 0, 1], 2).pixelAccuracy, 0.75);
    const train = { features: Float32Array.of(1, 0, 0, 1), labels: Uint8Array.of(4, 7), dim: 2 };
    const test = { features: Float32Array.of(0.8, 0.6), dim: 2 };
    const predicted = await api.nearestNeighbourCells({ train, test, neighbours: 1, classCount: 8 });
    assert.deepEqual([...predicted], [4]);`,
  '@pixcon/heads': `
    const { ParameterSet, RandomStream } = await import('@pixcon/core');
    const head = api.projectionHead({ inputChannels: 4, hidden: 6, output: 3 });
    const parameters = ParameterSet.create(head.parameters, new RandomStream(0));
    const rows = head.apply(parameters, tf.randomUniform([5, 4]), { training: true });
    assert.deepEqual(rows.shape, [5, 3]);
    assert(finite(rows));`,
  '@pixcon/losses': `
    const loss = api.infoNce(tf.randomNormal([3, 4]), tf.randomNormal([3, 4]), tf.randomNormal([6, 4]));
    assert.deepEqual(loss.shape, []);
    assert(finite(loss) && loss.dataSync()[0] > 0);`,
  '@pixcon/matching': `
    const box = { x0: 0, y0: 0, x1: 8, y1: 8 };
    const geometry = [{ box, flipped: false }];
    const features = tf.tensor3d([[[1, 0], [0, 1], [-1, 0], [0, -1]]]);
    const grid = { height: 2, width: 2 };
    const input = { query: features, key: features, grid, queryGeometry: geometry, keyGeometry: geometry };
    const { index, weight } = api.semanticReweighting(api.similarityMatching())(input);
    assert.deepEqual(index.arraySync(), [[0, 1, 2, 3]]);
    assert(finite(weight));`,
  '@pixcon/methods': `
    const { RandomStream } = await import('@pixcon/core');
    const { resnet } = await import('@pixcon/backbones');
    const backbone = resnet({ block: 'basic', layers: [1], planes: [4], stem: 'small' });
    const method = api.pixcon({ backbone, queueLength: 8, hidden: 8, dim: 4 });
    const state = method.initialize({ random: new RandomStream(0), batchSize: 2 });
    const geometry = [0, 1].map(() => ({ box: { x0: 0, y0: 0, x1: 16, y1: 16 }, flipped: false }));
    const view = () => ({ images: tf.randomUniform([2, 16, 16, 3]), geometry });
    const batch = { views: [view(), view()], names: ['a', 'b'] };
    const context = { step: 0, targetMomentum: 0.99, random: new RandomStream(1) };
    const targets = method.encodeTargets(state, batch, context);
    for (const part of method.losses(state, batch, targets, context)) assert(finite(part().total));
    method.update(state, targets, context);
    assert(Object.values(state.queues).every(({ filled }) => filled > 0));`,
  '@pixcon/ops': `
    const image = tf.randomUniform([1, 5, 5, 2]);
    const filter = tf.variable(tf.randomUniform([3, 3, 2, 4]));
    const { value, gradients } = api.valueAndGradients(
      () => tf.tidy(() => api.weightedMean(tf.reshape(api.convolution(image, filter), [36]), tf.ones([36]))),
      new Map([['filter', filter]]),
    );
    assert(finite(value));
    const gradient = gradients.get('filter');
    assert.deepEqual(gradient.shape, filter.shape);
    assert(finite(gradient) && gradient.dataSync().some((entry) => entry !== 0));`,
  '@pixcon/optimizers': `
    const { ParameterSet, RandomStream } = await import('@pixcon/core');
    const spec = { name: 'weight', shape: [2], role: 'weight', initialize: (_, index) => index + 1 };
    const parameters = ParameterSet.create([spec], new RandomStream(0));
    api.sgd({ weightDecay: 0 }).update(parameters, new Map([['weight', tf.tensor1d([1, 4])]]), 0.5);
    assert.deepEqual(parameters.get('weight').arraySync(), [0.5, 0]);`,
  '@pixcon/queues': `
    const { RandomStream } = await import('@pixcon/core');
    const queue = api.keyQueue({ length: 4, dim: 2, random: new RandomStream(0) });
    queue.enqueue(tf.tensor2d([[1, 0], [0, 1]]));
    assert.deepEqual(queue.keys.arraySync().slice(0, 2), [[1, 0], [0, 1]]);
    assert.equal(api.recommendedQueueLength(1e6, 512), 65_536);`,
  '@pixcon/schedules': `
    const learningRate = api.warmupCosine({ base: 0.4, totalSteps: 1000, warmupSteps: 5 });
    assert(Math.abs(learningRate(500) - 0.2) < 1e-12);
    assert.equal(api.constant(3)(7), 3);`,
  '@pixcon/testing': `
    const { l2Normalize } = await import('@pixcon/ops');
    await api.checkGradients((x) => l2Normalize(x), [tf.tensor2d([[3, 4]])]);
    assert((await api.allClose(tf.tensor1d([1, 2]), [1, 2])).pass);
    assert.throws(() => api.expectNoLeaks(() => tf.zeros([1])));`,
  '@pixcon/trainer': `
    const { syntheticScenes } = await import('@pixcon/datasets');
    const refused = api.pretrain({}, syntheticScenes({ count: 3 }), { epochs: 1, batchSize: 4 });
    await assert.rejects(refused, { code: 'invalid-argument', message: /has 3 images, fewer than the batch size of 4/ });
    const { writeFileSync } = await import('node:fs');
    writeFileSync(folder + '/metrics.jsonl', '{"step":0,"epoch":0,"loss":3}\\n{"step":1,"lo');
    const data = await api.readReportData(folder);
    assert.deepEqual([data.status.step, data.metrics.length], [1, 1]);
    // What a run loads when it draws its report.
    const { renderReport } = await import('@pixcon/visualize');
    assert.match(await renderReport(data), /<main id="report">/);`,
  '@pixcon/visualize': `
    const metrics = [8.1, 7.2, 6.4].map((loss, step) => ({ step, epoch: 0, loss, chance: 8.3, learningRate: 0.1, targetMomentum: 0.99, queueFilled: 64, imagesPerSecond: 20 }));
    const svg = api.drawLoss(metrics);
    assert.match(svg, /^<svg/);
    // Rasterized by sharp, drawn without a browser's document.
    const png = await api.toPng(svg, { width: 200 });
    assert.deepEqual([...png.subarray(1, 4)], [80, 78, 71]);
    const status = { state: 'finished', step: 3, totalSteps: 3, updated: new Date(0).toISOString(), queueLength: 64 };
    const page = await api.renderReport({ title: 'run', config: {}, status, metrics, scores: [], pairs: [], snapshots: [] });
    assert.match(page, /^<!doctype html>/i);`,
  pixcon: `
    const { execFileSync } = await import('node:child_process');
    const { readdirSync, readFileSync } = await import('node:fs');
    const command = (...words) => execFileSync('npx', ['--no-install', 'pixcon', ...words], { encoding: 'utf8' });
    assert.match(command('--help'), /pretrain/);
    const out = folder + '/run';
    const sizes = ['--image-size', '32', '--batch-size', '4', '--epochs', '1', '--queue-length', '16'];
    command('pretrain', 'photos', '--out', out, '--backend', 'wasm', ...sizes);
    assert.equal(readFileSync(out + '/metrics.jsonl', 'utf8').trim().split('\\n').length, 2);
    assert(readdirSync(out).includes('backbone.safetensors'));
    assert.equal(api.resnet50().channels, 2048);`,
};
