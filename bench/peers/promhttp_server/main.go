// Serves an exposition of PROCESSES processes with four gauges each on /metrics, with Go's promhttp.
// Usage: promhttp_server ADDRESS PROCESSES
package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func gauge(registry *prometheus.Registry, name string, help string) *prometheus.GaugeVec {
	vector := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"name"})
	registry.MustRegister(vector)
	return vector
}

func main() {
	processes, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	registry := prometheus.NewRegistry()
	cpu := gauge(registry, "provisr_process_cpu_percent", "CPU usage percentage for managed processes.")
	memory := gauge(registry, "provisr_process_memory_mb", "Memory usage in MB for managed processes.")
	threads := gauge(registry, "provisr_process_num_threads", "Number of threads for managed processes.")
	fds := gauge(registry, "provisr_process_num_fds", "Number of file descriptors for managed processes.")
	for i := 0; i < processes; i++ {
		name := fmt.Sprintf("service%d-%d", i/10, i%10)
		cpu.WithLabelValues(name).Set(float64(i%1000) / 8)
		memory.WithLabelValues(name).Set(float64(i) / 256)
		threads.WithLabelValues(name).Set(float64(i%16 + 1))
		fds.WithLabelValues(name).Set(float64(i%64 + 3))
	}
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	panic(http.ListenAndServe(os.Args[1], nil))
}
