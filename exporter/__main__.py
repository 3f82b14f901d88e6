from exporter.cli import main

if __name__ == "__main__":
    main(prog_name="threads-exporter")
