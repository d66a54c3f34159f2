// Samples processes with gopsutil, with the calls of a Go supervisor that shows CPU, memory, threads
// and descriptors. Usage: gopsutil_sampler DIRECTORY. Takes the PIDs in the *.pid files of DIRECTORY
// and prints "ready". For each line N on standard input it makes N ticks and prints "done".
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/process"
)

func readPids(directory string) []int32 {
	files, _ := filepath.Glob(filepath.Join(directory, "*.pid"))
	var pids []int32
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			panic(err)
		}
		pids = append(pids, int32(pid))
	}
	return pids
}

func sample(pid int32) error {
	p, err := process.NewProcess(pid)
	if err != nil {
		return err
	}
	if _, err = p.CPUPercent(); err != nil {
		return err
	}
	if _, err = p.MemoryInfo(); err != nil {
		return err
	}
	if _, err = p.NumThreads(); err != nil {
		return err
	}
	_, err = p.NumFDs()
	return err
}

func main() {
	pids := readPids(os.Args[1])
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		ticks, _ := strconv.Atoi(lines.Text())
		for i := 0; i < ticks; i++ {
			for _, pid := range pids {
				if err := sample(pid); err != nil {
					panic(err)
				}
			}
		}
		fmt.Println("done")
	}
}
