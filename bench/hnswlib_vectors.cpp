// SPDX-License-Identifier: Apache-2.0
// hnswlib_vectors: the reference beside bench/memory_vectors.c: hnswlib (Debian's libhnswlib-dev) on the same vectors.
//
//   hnswlib_vectors FOLDER flat|hnsw DIMENSION [EF]       the same M, efConstruction and ef as ours; one thread
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

static const size_t queries_max = 1000, truths = 200, k = 10;

template <typename T> static std::vector<T> read(const std::string &path)
{
    std::ifstream f(path, std::ios::binary | std::ios::ate);
    std::vector<T> all(f ? static_cast<size_t>(f.tellg()) / sizeof(T) : 0);

    f.seekg(0);
    f.read(reinterpret_cast<char *>(all.data()), static_cast<std::streamsize>(all.size() * sizeof(T)));
    return all;
}

static double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static double resident_mb()
{
    std::ifstream f("/proc/self/statm");
    double size, resident;

    f >> size >> resident;
    return resident * 4096 / 1e6;
}

static std::unique_ptr<hnswlib::AlgorithmInterface<float>> make(hnswlib::SpaceInterface<float> *space, const std::string &folder, size_t n,
                                                                size_t dimension, bool flat, size_t ef)
{
    std::unique_ptr<hnswlib::AlgorithmInterface<float>> index;

    if (flat) {
        index.reset(new hnswlib::BruteforceSearch<float>(space, n));
    } else {
        auto *graph = new hnswlib::HierarchicalNSW<float>(space, n, 16, 120);

        graph->ef_ = ef;
        index.reset(graph);
    }
    std::ifstream f(folder + "/base.f32", std::ios::binary);
    std::vector<float> row(dimension);

    for (size_t i = 0; i < n && f.read(reinterpret_cast<char *>(row.data()), static_cast<std::streamsize>(dimension * sizeof(float))); i++)
        index->addPoint(row.data(), i);
    return index;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    const std::string folder = argv[1];
    const bool flat = std::string(argv[2]) == "flat";
    const size_t dimension = static_cast<size_t>(std::atoi(argv[3])), ef = argc > 4 ? static_cast<size_t>(std::atoi(argv[4])) : 100;
    const auto queries = read<float>(folder + "/queries.f32");
    const auto truth = read<int>(folder + "/truth.i32");
    std::ifstream base(folder + "/base.f32", std::ios::binary | std::ios::ate);
    const size_t n = static_cast<size_t>(base.tellg()) / sizeof(float) / dimension;
    hnswlib::InnerProductSpace space(dimension);
    const double start = now();
    const auto index = make(&space, folder, n, dimension, flat, ef);
    const double built = now() - start;
    std::vector<double> ms;
    size_t right = 0;
    const size_t asked = flat ? (n > 200000 ? 50 : truths) : queries_max;

    for (size_t i = 0; i < asked; i++) {
        const double before = now();
        auto found = index->searchKnn(queries.data() + i * dimension, k);

        ms.push_back((now() - before) * 1e3);
        for (; i < truths && !found.empty(); found.pop())
            right += std::count(truth.begin() + static_cast<long>(i * k), truth.begin() + static_cast<long>((i + 1) * k),
                                static_cast<int>(found.top().second));
    }
    std::sort(ms.begin(), ms.end());
    std::printf("{\"name\": \"hnswlib\", \"p50_ms\": %.4f, \"p99_ms\": %.4f, \"recall\": %.4f, \"load_s\": 0, \"build_s\": %.3f, "
                "\"resident_mb\": %.1f, \"all_mb\": %.1f}\n", ms[ms.size() / 2], ms[static_cast<size_t>(0.99 * static_cast<double>(ms.size() - 1))],
                static_cast<double>(right) / static_cast<double>(std::min(asked, truths) * k), built, resident_mb(), resident_mb());
    return 0;
}
