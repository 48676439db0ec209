// The assignment problem: which prediction is compared with which thing of the truth.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vigor {

// costs [rows, columns], row-major, finite, rows <= columns -> for each row a column of its own, so
// that the sum of the costs is least (Kuhn, "The Hungarian method", 1955; by shortest augmenting
// paths with potentials as in Jonker and Volgenant, 1987). Time rows^2 * columns. Throws Error when
// there are more rows than columns or a cost is not finite.
std::vector<int64_t> least_cost_assignment(std::span<const float> costs, int64_t rows,
                                           int64_t columns);

}  // namespace vigor
